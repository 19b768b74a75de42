// Every preset is generated in less than a second and 200 MB, and to the same bytes wherever it is done.
#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>
#include <map>

#include "config/presets.hpp"
#include "harness/files.hpp"
#include "harness/process.hpp"

using namespace quillgen;
namespace fs = std::filesystem;

extern char** environ;

namespace {

/// What a command cost. The time is that of the processor, which other work on the machine does not lengthen.
struct Cost {
  int status = 0;
  double seconds = 0;
  double megabytes = 0;
};

Cost cost_of(const harness::Command& command) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  REQUIRE(posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0);
  Cost cost;
  rusage usage{};
  REQUIRE(wait4(pid, &cost.status, 0, &usage) == pid);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  cost.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  cost.megabytes = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
  return cost;
}

std::map<std::string, std::string> files_in(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory())
      files[entry.path().lexically_relative(folder).string()] = harness::read_text(entry.path());
  return files;
}

}  // namespace

TEST_CASE("presets are generated in less than 1 s and 200 MB") {
  harness::TemporaryFolder folder(fs::temp_directory_path());
  for (const auto& preset : presets()) {
    const std::string name(preset.name);
    const auto cost = cost_of({QUILLGEN, "generate", "--preset", name, "--out", (folder.path() / name).string()});
    MESSAGE(name << ": " << cost.seconds << " s, " << cost.megabytes << " MB");
    CHECK(cost.status == 0);
    CHECK(cost.seconds < 1.0);
    CHECK(cost.megabytes < 200.0);
  }
}

TEST_CASE("the same input gives the same bytes in another folder, language and time zone") {
  harness::TemporaryFolder folder(fs::temp_directory_path());
  for (const auto& preset : presets()) {
    const std::string name(preset.name);
    const auto here = folder.path() / name, there = folder.path() / "elsewhere" / name;
    REQUIRE(harness::run({QUILLGEN, "generate", "--preset", name, "--out", here.string()}).status == 0);
    REQUIRE(harness::run({"env", "-i", "LC_ALL=tr_TR.UTF-8", "TZ=Asia/Tokyo", "HOME=/nowhere", QUILLGEN, "generate",
                          "--preset", name, "--out", there.string()},
                         "/")
                .status == 0);
    const auto files = files_in(here);
    CHECK(files.size() > 3);
    CHECK(files == files_in(there));
  }
}
