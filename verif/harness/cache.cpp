#include "harness/cache.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "harness/files.hpp"
#include "harness/process.hpp"

namespace quillgen::harness {
namespace {

namespace fs = std::filesystem;

/// Changes whenever the program is installed anew.
std::string identity(const fs::path& program) {
  const auto file = fs::canonical(program);
  return fmt::format("{} {} {}", file.string(), fs::file_size(file),
                     fs::last_write_time(file).time_since_epoch().count());
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
  const auto folder = (cache && *cache ? fs::path(cache) : fs::path(home) / ".cache") / "quillgen";
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec)
    throw UserError(fmt::format("{}: cannot be made ({}): point XDG_CACHE_HOME to a writable folder", folder.string(),
                                ec.message()));
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

std::optional<Tool> find_tool(const fs::path& cache, const std::string& program) {
  const auto found = find_program(program);
  if (!found) return std::nullopt;
  const auto memory = cache / "tools.json";
  const auto key = identity(*found);
  auto versions = read_versions(memory);
  if (versions.contains(key)) return Tool{*found, versions[key].get<std::string>()};
  const auto answer = run({found->string(), "--version"});
  if (answer.status != 0) return std::nullopt;
  versions[key] = answer.output;
  write_atomically(memory, versions.dump(1) + "\n");
  return Tool{*found, answer.output};
}

}  // namespace quillgen::harness
