#include "harness/cache.hpp"

#include <fmt/core.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/utf8.hpp"
#include "harness/files.hpp"
#include "harness/process.hpp"
#include "harness/sha256.hpp"

namespace quillgen::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* checksum_name = "sha256";

/// Changes whenever the program is installed anew.
std::string identity(const fs::path& program) {
  const auto file = fs::canonical(program);
  return valid_utf8(fmt::format("{} {} {}", file.string(), fs::file_size(file),
                                fs::last_write_time(file).time_since_epoch().count()));
}

nlohmann::json read_versions(const fs::path& file) {
  if (!fs::exists(file)) return nlohmann::json::object();
  auto versions = nlohmann::json::parse(read_text(file), nullptr, false);
  return versions.is_object() ? versions : nlohmann::json::object();
}

}  // namespace

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (!(cache && *cache) && !(home && *home))
    throw UserError("no cache folder: neither XDG_CACHE_HOME nor HOME is set: set one of them");
  const auto folder = fs::absolute((cache && *cache ? fs::path(cache) : fs::path(home) / ".cache") / "quillgen");
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec)
    throw UserError(fmt::format("{}: cannot be made ({}): point XDG_CACHE_HOME to a writable folder", folder.string(),
                                ec.message()));
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) == 0 && (disk.f_flag & ST_NOEXEC))
    throw UserError(fmt::format(
        "{}: is on a disk that is mounted noexec, and simulators are run from there: point XDG_CACHE_HOME to another",
        folder.string()));
  return folder;
}

std::optional<fs::path> newest_entry(const fs::path& cache, std::string_view key) {
  std::optional<fs::path> newest;
  const auto prefix = std::string(key) + "-";
  for (const auto& entry : fs::directory_iterator(cache)) {
    if (!entry.is_directory() || !entry.path().filename().string().starts_with(prefix)) continue;
    if (!newest || fs::last_write_time(entry) > fs::last_write_time(*newest)) newest = entry.path();
  }
  return newest;
}

void keep(const fs::path& file, const fs::path& cache, const fs::path& entry) {
  TemporaryFolder folder(cache);
  const auto name = file.filename().string();
  write_atomically(folder.path() / checksum_name, sha256(read_text(file)));
  fs::rename(file, folder.path() / name);
  if (fs::exists(entry)) fs::remove_all(entry);
  try {
    folder.move_to(entry);
  } catch (const fs::filesystem_error&) {
    if (!fs::exists(entry)) throw;
  }
}

bool is_whole(const fs::path& entry, const std::string& name) {
  try {
    return read_text(entry / checksum_name) == sha256(read_text(entry / name));
  } catch (const UserError&) {
    return false;
  }
}

std::optional<Tool> find_tool(const fs::path& cache, const std::string& program) {
  const auto found = find_program(program);
  if (!found) return std::nullopt;
  const auto memory = cache / "tools.json";
  const auto key = identity(*found);
  auto versions = read_versions(memory);
  if (versions.contains(key) && versions[key].is_string()) return Tool{*found, versions[key]};
  const auto answer = run({found->string(), "--version"});
  if (answer.status != 0) return std::nullopt;
  const auto version = valid_utf8(answer.output);
  versions[key] = version;
  try {
    write_atomically(memory, versions.dump(1) + "\n");
  } catch (const UserError&) {
    // It is asked again.
  }
  return Tool{*found, version};
}

}  // namespace quillgen::harness
