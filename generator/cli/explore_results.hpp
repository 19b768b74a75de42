// What `quillgen explore` leaves: tables for people, and a folder of files.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "explore/run.hpp"
#include "harness/files.hpp"

namespace quillgen::cli {

/// The folder of --out, made at once, so that a sweep of hours does not end with a folder that cannot be written. One
/// that was made and is still empty at the end goes again.
class ResultFolder {
 public:
  /// No folder, nothing written, when `path` is empty. Throws UserError when it cannot be made or written.
  explicit ResultFolder(std::filesystem::path path);
  ~ResultFolder();
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  /// All of them, whole, or none. Throws UserError.
  void write(std::vector<harness::OutputFile> files) const;

 private:
  std::filesystem::path path_;
  bool made_ = false;
};

/// Simulates what the sweep asks for, then writes explore.json, explore.csv and explore.svg and prints the front and
/// the refused points. Returns the exit status: 1 when a simulation found a mismatch or did not run, otherwise 0.
/// Throws UserError when no point is possible.
int finish(const explore::Runner& runner, std::vector<explore::Point> points, const ResultFolder& folder);

/// Throws UserError for a sweep without a possible point, `first` being the reason of the first.
[[noreturn]] void refuse_sweep(std::int64_t points, const std::string& first);

}  // namespace quillgen::cli
