// What `quillgen generate` does to the folder it is given, and what a prefix or a single block changes in the files.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <thread>

#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/process.hpp"

using namespace quillgen;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

extern char** environ;

namespace {

using Content = std::map<std::string, std::string>;  ///< text by path; "folder" of an empty folder

Content content_of(const fs::path& folder) {
  Content content;
  if (!fs::exists(folder)) return content;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory() || fs::is_empty(entry))
      content[entry.path().lexically_relative(folder).string()] =
          entry.is_directory() ? "folder" : harness::read_text(entry.path());
  return content;
}

harness::Command command(const std::string& preset, const fs::path& out, const harness::Command& more = {}) {
  harness::Command words = {QUILLGEN, "generate", "--preset", preset, "--out", out.string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void generate(const std::string& preset, const fs::path& out, const harness::Command& more = {}) {
  const auto result = harness::run(command(preset, out, more));
  CAPTURE(result.output);
  REQUIRE(result.status == 0);
}

/// The command must be refused with a line that holds `part`, and leave everything below `room` as it is.
void refused(const fs::path& room, const harness::Command& words, const std::string& part) {
  const auto before = content_of(room);
  const auto result = harness::run(words);
  CAPTURE(result.output);
  CHECK(result.status == 2);
  CHECK(result.output.find(part) != std::string::npos);
  CHECK(result.output.find('\n') == result.output.size() - 1);
  CHECK(content_of(room) == before);
}

void append(const fs::path& file, const std::string& text) {
  harness::write_atomically(file, (fs::exists(file) ? harness::read_text(file) : "") + text);
}

std::string without(std::string text, const std::string& word) {
  for (std::size_t at; (at = text.find(word)) != std::string::npos;) text.erase(at, word.size());
  return text;
}

/// The manifest without the hashes of files.
Json manifest_of(const Content& content) {
  auto manifest = Json::parse(content.at("manifest.json"));
  REQUIRE(manifest.contains("files"));
  CHECK(manifest["files"].size() == content.size());
  manifest.erase("files");
  return manifest;
}

struct Room : harness::TemporaryFolder {
  Room() : TemporaryFolder(fs::temp_directory_path()) {}
  fs::path operator/(const std::string& name) const { return path() / name; }
};

}  // namespace

TEST_CASE("an unmodified output is replaced, and nothing of it stays") {
  const Room room;
  generate("small", room / "fresh");
  generate("nano", room / "rtl");
  fs::remove(room / "rtl" / "pe.v");  // one that is missing is no obstacle
  generate("small", room / "rtl");
  CHECK(content_of(room / "rtl") == content_of(room / "fresh"));
  fs::create_directory(room / "empty");
  generate("small", room / "empty");
  CHECK(content_of(room / "empty") == content_of(room / "fresh"));
}

TEST_CASE("an edited output is replaced with --force only") {
  const Room room;
  generate("nano", room / "fresh");
  for (const std::string file : {"pe.v", "files.f", "tb/Makefile", "manifest.json"}) {
    generate("nano", room / "rtl");
    const auto text = harness::read_text(room / "rtl" / file);
    if (file == "manifest.json") harness::write_atomically(room / "rtl" / file, without(text, "\"name\": \"nano\","));
    else append(room / "rtl" / file, "\n");
    refused(room.path(), command("nano", room / "rtl"), file + " was edited");
    generate("nano", room / "rtl", {"--force"});
    CHECK(content_of(room / "rtl") == content_of(room / "fresh"));
  }
}

TEST_CASE("what quillgen did not write is never touched") {
  const Room room;
  generate("small", room / "fresh");
  generate("nano", room / "rtl");
  append(room / "rtl" / "notes.txt", "mine");
  fs::create_directories(room / "rtl" / "waves" / "old");
  refused(room.path(), command("small", room / "rtl"), "holds notes.txt");
  generate("small", room / "rtl", {"--force"});
  auto expected = content_of(room / "fresh");
  expected.merge(Content{{"notes.txt", "mine"}, {"waves/old", "folder"}});
  CHECK(content_of(room / "rtl") == expected);

  fs::remove(room / "rtl" / "notes.txt");
  refused(room.path(), command("small", room / "rtl"), "holds waves");
  fs::remove_all(room / "rtl" / "waves");
  append(room / "rtl" / "tb" / "notes.txt", "mine");
  refused(room.path(), command("small", room / "rtl"), "holds tb/notes.txt");
  generate("small", room / "rtl", {"--force"});
  expected = content_of(room / "fresh");
  expected.merge(Content{{"tb/notes.txt", "mine"}});
  CHECK(content_of(room / "rtl") == expected);
  // A block has no bench: its folder goes, unless something of another is in it.
  generate("small", room / "rtl", {"--module", "softmax", "--force"});
  CHECK(content_of(room / "rtl" / "tb") == Content{{"notes.txt", "mine"}});
  fs::remove(room / "rtl" / "tb" / "notes.txt");
  generate("small", room / "rtl", {"--force"});
  generate("small", room / "rtl", {"--module", "softmax"});
  CHECK(!fs::exists(room / "rtl" / "tb"));
}

TEST_CASE("a name that somebody else's file has taken is refused") {
  const Room room;
  fs::create_directory(room / "rtl");
  append(room / "rtl" / "pe.v", "mine");
  refused(room.path(), command("nano", room / "rtl"), "holds pe.v");
  refused(room.path(), command("nano", room / "rtl", {"--force"}), "pe.v was not written by quillgen");
  fs::remove(room / "rtl" / "pe.v");
  fs::create_directory(room / "rtl" / "pe.v");
  refused(room.path(), command("nano", room / "rtl", {"--force"}), "pe.v was not written by quillgen");
  fs::remove(room / "rtl" / "pe.v");
  append(room / "elsewhere.v", "mine");
  for (const auto make : {+[](const fs::path& file) { fs::create_directory(file); },
                          +[](const fs::path& file) { fs::create_symlink("../elsewhere.v", file); }}) {
    generate("nano", room / "ours");
    fs::remove(room / "ours" / "pe.v");
    make(room / "ours" / "pe.v");
    refused(room.path(), command("nano", room / "ours", {"--force"}), "pe.v was not written by quillgen");
    fs::remove(room / "ours" / "pe.v");
  }
  append(room / "rtl" / "tb", "mine");
  refused(room.path(), command("nano", room / "rtl", {"--force"}), "tb was not written by quillgen");
  fs::remove(room / "rtl" / "tb");
  fs::create_directory(room / "rtl" / "tb");
  append(room / "rtl" / "tb" / "Makefile", "mine");
  refused(room.path(), command("nano", room / "rtl", {"--force"}), "tb/Makefile was not written by quillgen");
  fs::remove_all(room / "rtl" / "tb");
  append(room / "rtl" / "manifest.json", R"({"generator": "another", "files": {"manifest.json": ""}})");
  refused(room.path(), command("nano", room / "rtl", {"--force"}), "manifest.json was not written by quillgen");
}

TEST_CASE("a full disk leaves the folder as it was") {
  const Room room;
  const std::string limited = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";  // files of 4 KiB at most
  const auto with_limit = [&](const harness::Command& words) {
    harness::Command all = {"bash", "-c", limited, "bash"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  };
  refused(room.path(), with_limit(command("nano", room / "new")), "make room on the disk");
  generate("nano", room / "rtl");
  append(room / "rtl" / "notes.txt", "mine");
  refused(room.path(), with_limit(command("small", room / "rtl", {"--force"})), "make room on the disk");
}

TEST_CASE("Ctrl-C leaves the old output or the new one, and nothing else") {
  const Room room;
  generate("small", room / "old");
  generate("nano", room / "new");
  const auto old_content = content_of(room / "old"), new_content = content_of(room / "new");
  std::map<int, int> seen;
  for (int i = 0; i < 40; ++i) {
    const bool exists = i % 2 == 1;
    const Room place;
    if (exists) fs::copy(room / "old", place / "rtl", fs::copy_options::recursive);
    auto words = command("nano", place / "rtl");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = -1;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    for (const int file : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&quiet, file, "/dev/null", O_WRONLY, 0);
    REQUIRE(posix_spawn(&pid, arguments[0], &quiet, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&quiet);
    std::this_thread::sleep_for(std::chrono::milliseconds(i * 2));
    kill(pid, SIGINT);
    int wait_status = 0;
    REQUIRE(waitpid(pid, &wait_status, 0) == pid);
    const int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
    ++seen[status];
    CHECK((status == 0 || status == 130 || status == -SIGINT));
    const auto entries =
        std::distance(fs::directory_iterator(place.path()), fs::directory_iterator()) - 1;  // but for its lock
    CHECK(entries == (status == 0 || exists ? 1 : 0));
    const auto left = exists ? old_content : Content{};
    CHECK(content_of(place / "rtl") == (status == 0 ? new_content : left));
  }
  for (const auto& [status, times] : seen) MESSAGE("status " << status << ": " << times << " times");
}

TEST_CASE("a prefix is put before every module and its file, and changes nothing else") {
  const Room room;
  const std::string prefix = "zq9_", in_c = "ZQ9_";
  generate("nano", room / "plain");
  generate("nano", room / "prefixed", {"--prefix", prefix});
  const auto plain = content_of(room / "plain"), prefixed = content_of(room / "prefixed");
  CHECK(plain.size() == prefixed.size());
  std::set<std::string> modules;
  for (const auto& [name, text] : prefixed) {
    CAPTURE(name);
    const auto original = plain.find(without(name, prefix));
    REQUIRE(original != plain.end());
    if (name == "manifest.json") continue;
    CHECK(without(without(text, prefix), in_c) == original->second);
    if (name.starts_with("tb/") && name.ends_with(".v")) CHECK(text.find("\nmodule " + prefix) != std::string::npos);
    if (!name.ends_with(".v") || name.starts_with("tb/")) continue;
    CHECK(name.starts_with(prefix));
    CHECK(text.find("\nmodule " + name.substr(0, name.size() - 2) + " ") != std::string::npos);
    modules.insert(name);
  }
  const auto manifest = manifest_of(prefixed);
  CHECK(Json::parse(without(manifest.dump(), prefix)) == manifest_of(plain));
  CHECK(manifest["top"] == prefix + "quillgen");
  for (const auto& module : manifest["modules"]) CHECK(modules.contains(module.get<std::string>() + ".v"));
  for (const auto& memory : manifest["memories"]) CHECK(modules.contains(memory["wrapper"].get<std::string>() + ".v"));
  for (const auto& tap : manifest["taps"]) CHECK(modules.contains(tap["module"].get<std::string>() + ".v"));
  const auto list = harness::load_file_list(room / "prefixed");
  CHECK(std::set<std::string>(list.begin(), list.end()) == modules);
}

TEST_CASE("the integration page has the ports of the top as they are printed, all memories and all gates") {
  const Room room;
  const std::vector<harness::Command> designs = {
      {},
      {"--set", "implementation.reset=async_low", "--set", "implementation.clock_gating=true", "--prefix", "left_"}};
  for (const auto& more : designs) {
    const auto out = room / ("rtl_" + std::to_string(more.size()));
    generate("nano", out, more);
    const auto content = content_of(out);
    const auto manifest = manifest_of(content);
    const auto find_all = [](const std::string& text, const char* pattern) {  // all groups of all matches
      const std::regex regex(pattern);
      std::multiset<std::vector<std::string>> found;
      for (auto at = std::sregex_iterator(text.begin(), text.end(), regex); at != std::sregex_iterator(); ++at)
        found.insert({at->begin() + 1, at->end()});
      return found;
    };
    std::multiset<std::vector<std::string>> printed;
    const auto top = content.at(manifest["top"].get<std::string>() + ".v");
    for (const auto& port : find_all(top, R"(\n  (input|output) +(?:wire|reg) +(?:\[(\d+):0\] +)?(\w+),?)"))
      printed.insert({port[2], port[0], std::to_string(port[1].empty() ? 1 : std::stoi(port[1]) + 1)});
    const auto& page = content.at("integration.md");
    CHECK(printed == find_all(page, R"(\n\|[^|\n]*\| (\w+) \| (input|output) \| (\d+) \|)"));
    CHECK(printed.size() == manifest["ports"].size());

    // AXI channel by channel, each under its comment, nothing of another between.
    std::string channels;
    const std::regex heading(R"(  // (Host|Memory), AXI4\S* \w+: (\w+ \w+)\n((  (in|out)put .*\n)+))");
    for (auto at = std::sregex_iterator(top.begin(), top.end(), heading); at != std::sregex_iterator(); ++at) {
      const std::map<std::string, std::string> starts = {{"write address", "aw"},
                                                         {"write data", "w"},
                                                         {"write response", "b"},
                                                         {"read address", "ar"},
                                                         {"read data", "r"}};
      const std::string start = ((*at)[1] == "Host" ? "s_axil_" : "m_axi_") + starts.at((*at)[2]);
      channels += start + " ";
      for (const auto& port : find_all((*at)[3], R"((\w+),?\n)"))
        CHECK(
            std::regex_match(port[0], std::regex(start + "(id|addr|len|size|burst|data|strb|last|resp|valid|ready)")));
    }
    CHECK(channels == "s_axil_aw s_axil_w s_axil_b s_axil_ar s_axil_r m_axi_aw m_axi_w m_axi_b m_axi_ar m_axi_r ");

    std::size_t memories = 0;
    for (const auto& row : find_all(page, R"(\n\| \w*1r1w \| \d+ \| \d+ \| (\d+) \|)")) memories += std::stoul(row[0]);
    CHECK(memories == manifest["memories"].size());
    const auto gates = find_all(page, R"(\n\| (\w+_gate) \| (\w+) \|)");
    CHECK(gates.size() == manifest["gates"].size());
    CHECK(gates.size() == (more.empty() ? 0u : 19u));
    for (const auto& gate : gates) CHECK(top.find("\n  " + gate[0] + " " + gate[1] + " (") != std::string::npos);
  }
}

TEST_CASE("a block is printed with what it instantiates, as it is in the whole") {
  const Room room;
  generate("nano", room / "whole");
  const auto whole = content_of(room / "whole");
  const auto modules = manifest_of(whole)["modules"];
  std::size_t taps = 0;
  // A block with parameters has those of its first instance.
  const auto without_values = [](const std::string& text) {
    return std::regex_replace(text, std::regex(R"((parameter integer \w+ *= )\d+)"), "$1");
  };
  for (const auto& module : modules) {
    const auto name = module.get<std::string>();
    CAPTURE(name);
    const auto folder = room / name;
    generate("nano", folder, {"--module", name});
    const auto block = content_of(folder);
    const auto manifest = manifest_of(block);
    if (name == "quillgen") {
      CHECK(block == whole);
      continue;
    }
    CHECK(manifest["top"] == name);
    CHECK(manifest["part_of"] == "quillgen");
    CHECK(manifest["modules"].back() == name);
    const auto list = harness::load_file_list(folder);
    CHECK(list.size() + 2 == block.size());
    CHECK(list.size() < whole.size() - 2);
    std::string all;
    for (const auto& file : list) {
      if (file == name + ".v") CHECK(without_values(block.at(file)) == without_values(whole.at(file)));
      else CHECK(block.at(file) == whole.at(file));
      all += block.at(file);
    }
    for (const auto& file : list) {  // the block itself, or instantiated
      const auto file_module = file.substr(0, file.size() - 2);
      CHECK((file_module == name || all.find("\n  " + file_module + " ") != std::string::npos));
    }
    for (const auto& tap : manifest["taps"]) CHECK(block.contains(tap["module"].get<std::string>() + ".v"));
    if (name != "msda_core") taps += manifest["taps"].size();
  }
  CHECK(taps > 0);
}
