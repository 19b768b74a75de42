// The files of `simulate --trace`: the waveform of a run, and beside it a prepared list of signals for GTKWave.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "harness/files.hpp"
#include "harness/simulator.hpp"

namespace quillgen::cli {

class Waveform {
 public:
  /// Refuses (UserError) a name that does not end in .fst or a place that cannot be written, before anything is built.
  explicit Waveform(const std::string& file);

  /// Where the simulator records.
  const std::filesystem::path& draft() const { return draft_; }

  /// Moves the waveform into place and writes the list, once the simulator is gone; nothing when it was never made.
  /// Throws UserError when the disk did not take all of it.
  void finish(const harness::SimulatorLibrary& library, const std::string& top);

 private:
  std::filesystem::path file_;
  std::unique_ptr<harness::TemporaryFolder> folder_;  ///< beside the file, so that the move is a rename
  std::filesystem::path draft_;
};

}  // namespace quillgen::cli
