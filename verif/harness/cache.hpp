// The folder of built simulators, kept between runs: ${XDG_CACHE_HOME:-~/.cache}/quillgen.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quillgen::harness {

/// The cache folder, made if it does not exist, as an absolute path. UserError when it cannot be, or when no program
/// may be run from there.
std::filesystem::path cache_folder();

/// Newest entry `KEY-*` of the cache folder that is complete (renamed into place); nothing when there is none.
std::optional<std::filesystem::path> newest_entry(const std::filesystem::path& cache, std::string_view key);

/// Moves a finished file into an entry of its own, with a hash of it; another entry of that name is replaced.
void keep(const std::filesystem::path& file, const std::filesystem::path& cache, const std::filesystem::path& entry);

/// Whether the file of an entry is there and still what was kept.
bool is_whole(const std::filesystem::path& entry, const std::string& name);

/// A tool found on PATH and what it says about its version.
struct Tool {
  std::filesystem::path file;
  std::string version;
};

/// Finds a tool and its version (`PROGRAM --version`). The answer is remembered in the cache folder together with the
/// size and the time of the file, so an unchanged tool is not started again. Nothing when it is not on PATH or does not
/// run.
std::optional<Tool> find_tool(const std::filesystem::path& cache, const std::string& program);

}  // namespace quillgen::harness
