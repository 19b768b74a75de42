// Reads a waveform with the reader of its format's own library, for tests: prints how often a stream fired and how many
// signals there are, and checks that every signal of a GTKWave save file is among them.
//   read_wave FILE.fst FILE.gtkw INSTANCE STREAM
#include <fmt/core.h>
#include <fstapi.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace {

/// Counts the rising edges of the clock before which reset was 0, valid and ready were 1.
class Firings {
 public:
  Firings(fstHandle clk, fstHandle rst, fstHandle valid, fstHandle ready) : watched_{clk, rst, valid, ready} {}

  void change(std::uint64_t time, fstHandle signal, bool value) {
    if (time != time_) settle();
    time_ = time;
    for (int i = 0; i < 4; ++i)
      if (watched_[i] == signal) next_[i] = value;
  }
  void finish() { settle(); }
  int count() const { return count_; }
  int edges() const { return edges_; }  ///< rising ones of the clock

 private:
  void settle() {
    if (!now_[0] && next_[0]) ++edges_, count_ += !now_[1] && now_[2] && now_[3];
    for (int i = 0; i < 4; ++i) now_[i] = next_[i];
  }

  fstHandle watched_[4];
  bool now_[4] = {}, next_[4] = {};
  std::uint64_t time_ = 0;
  int count_ = 0, edges_ = 0;
};

std::map<std::string, fstHandle> read_names(void* reader) {
  std::map<std::string, fstHandle> names;
  std::vector<std::string> scopes = {""};
  while (const fstHier* entry = fstReaderIterateHier(reader)) {
    if (entry->htyp == FST_HT_SCOPE) scopes.push_back(scopes.back() + entry->u.scope.name + ".");
    if (entry->htyp == FST_HT_UPSCOPE) scopes.pop_back();
    if (entry->htyp != FST_HT_VAR) continue;
    auto name = scopes.back() + entry->u.var.name;
    std::erase(name, ' ');
    names[name] = entry->u.var.handle;
  }
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::unique_ptr<void, void (*)(void*)> reader(fstReaderOpen(argv[1]), fstReaderClose);
  if (!reader) {
    fmt::print(stderr, "{}: is no whole waveform\n", argv[1]);
    return 1;
  }
  const auto names = read_names(reader.get());

  int listed = 0, missing = 0;
  std::ifstream list(argv[2]);
  for (std::string line; std::getline(list, line);) {
    if (!line.starts_with("TOP.")) continue;
    ++listed;
    if (names.contains(line)) continue;
    fmt::print(stderr, "{}: {} is not in the waveform\n", argv[2], line);
    ++missing;
  }

  const auto handle = [&](const std::string& name) {
    const auto found = names.find(name);
    if (found == names.end()) fmt::print(stderr, "{}: has no {}\n", argv[1], name), ++missing;
    return found == names.end() ? 0 : found->second;
  };
  const std::string scope = fmt::format("TOP.quillgen.{}.", argv[3]), stream = argv[4];
  Firings firings(handle(scope + "clk"), handle(scope + "rst"), handle(scope + stream + "_valid"),
                  handle(scope + stream + "_ready"));
  fstReaderSetFacProcessMaskAll(reader.get());
  fstReaderIterBlocks(
      reader.get(),
      [](void* to, uint64_t time, fstHandle signal, const unsigned char* value) {
        static_cast<Firings*>(to)->change(time, signal, value[0] == '1');
      },
      &firings, nullptr);
  firings.finish();
  fmt::print("signals {}\nlisted {}\nend {}\nedges {}\nfirings {}\n", names.size(), listed,
             fstReaderGetEndTime(reader.get()), firings.edges(), firings.count());
  return missing ? 1 : 0;
}
