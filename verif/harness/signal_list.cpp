#include "harness/signal_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace quillgen::harness {
namespace {

// Flags of GTKWave's save files.
constexpr int hexadecimal = 0x22, decimal = 0x24, binary = 0x28, translated = 0x2000;
constexpr int open_group = 0x800200, close_group = 0x1000200;

/// Widest value read in decimal, bits: counters; fields; of a bus, addresses and data are hexadecimal.
constexpr int counter_bits = 32, field_bits = 16, bus_bits = 8;

/// The blocks in the order of the data. A block can be there several times, numbered: u_softmax_0, u_softmax_1.
constexpr const char* blocks[] = {
    "job_reader",      "job_loads",         "parameter_loader", "token_walk",  "row_fetch",       "engine",
    "result_buffer",   "map_writer",        "dense_writer",     "order",       "region_planner",  "reference_rows",
    "point_source",    "softmax",           "index_gen",        "weight_gen",  "tag_lookup",      "region_lookup",
    "region_fetch",    "line_fetch",        "feature_buffer",   "interpolate", "head_requantise", "heads",
    "head_projection", "output_requantise", "output_rows",      "burst_writer"};

/// Registers and nets that say what a block is doing.
const std::vector<std::string> job_signals = {"state",     "begin_now", "fails", "error", "error_detail", "start",
                                              "attending", "halt",      "quiet", "done",  "silent"};
const std::vector<std::string> cause_signals = {"in_setup",        "in_project",     "in_fill",       "in_sample",
                                                "in_wait_feature", "in_wait_output", "in_wait_point", "in_drain",
                                                "queries_left",    "cycles",         "gemm_busy",     "gemm_rows",
                                                "gemm_room",       "samples",        "line_hits",     "line_misses"};

/// "hits [2:0]" without its range.
std::string base_name(const WaveSignal& signal) { return signal.name.substr(0, signal.name.find(' ')); }

int width(const WaveSignal& signal) {
  const auto range = signal.name.find(" [");
  return range == std::string::npos ? 1 : std::atoi(signal.name.c_str() + range + 2) + 1;
}

/// NAME or, of a lane, NAME_NUMBER.
bool is_named(const std::string& signal, const std::string& name) {
  return signal.starts_with(name) &&
         (signal.size() == name.size() ||
          (signal[name.size()] == '_' && signal.find_first_not_of("0123456789", name.size() + 1) == std::string::npos));
}

class Writer {
 public:
  Writer(const std::vector<WaveSignal>& signals, const std::string& top, const std::string& name)
      : signals_(signals), top_("TOP." + top), name_(name) {}

  SignalList run() {
    list_.text = fmt::format("[dumpfile] \"{0}.fst\"\n[savefile] \"{0}.gtkw\"\n", name_);
    list_.text +=
        "*-9.000000 -1\n[timestart] 0\n[size] 1600 1000\n[sst_width] 220\n[signals_width] 330\n";  // 150 cycles
    group("clock", [&] { named(top_, {"clk", "rst", "rst_n", "irq"}); });
    group("job: state and error", [&] { named(top_ + ".u_job_control", job_signals); });
    group("cause of each cycle, and counters", [&] { named(top_ + ".u_counters", cause_signals, counter_bits); });
    for (const char* channel : {"ar", "r", "aw", "w", "b"}) bus("memory", "m_axi_", channel);
    for (const char* block : blocks)
      for (const auto& scope : scopes_of(block)) streams(scope);
    for (const char* channel : {"aw", "w", "b", "ar", "r"}) bus("host", "s_axil_", channel);
    return std::move(list_);
  }

 private:
  template <class F>
  void group(const std::string& title, F&& content) {
    const auto before = list_.text.size();
    content();
    if (list_.text.size() == before) return;
    list_.text.insert(before, fmt::format("@{:x}\n-{}\n", open_group, title));
    list_.text += fmt::format("@{:x}\n-{}\n", close_group, title);
  }

  void show(const WaveSignal& signal, int widest_decimal = field_bits) {
    const auto states = states_of(signal);
    const int format = width(signal) == 1 || !states.empty() ? binary
                       : width(signal) <= widest_decimal     ? decimal
                                                             : hexadecimal;
    auto name = signal.name;
    std::erase(name, ' ');
    if (states.empty()) {
      list_.text += fmt::format("@{:x}\n{}.{}\n", format, signal.scope, name);
    } else {
      const auto file = fmt::format("{}.{}.txt", name_, states_file_name(signal));
      list_.states[file] = states;
      list_.text += fmt::format("@{:x}\n^1 {}\n{}.{}\n", format | translated, file, signal.scope, name);
    }
  }

  /// Signals of a scope by name, those that are there.
  void named(const std::string& scope, const std::vector<std::string>& names, int widest_decimal = field_bits) {
    for (const auto& name : names)
      for (const auto& signal : signals_)
        if (signal.scope == scope && is_named(base_name(signal), name)) show(signal, widest_decimal);
  }

  void bus(const std::string& owner, const std::string& port, const std::string& channel) {
    group(fmt::format("{}: AXI channel {}", owner, channel), [&] {
      for (const auto& signal : signals_)
        // awvalid begins with aw, and so does nothing of channel w.
        if (signal.scope == top_ && signal.name.starts_with(port + channel)) show(signal, bus_bits);
    });
  }

  /// The streams a block sends: for an output NAME_valid, NAME_ready and the outputs NAME or NAME_*.
  void streams(const std::string& scope) {
    const auto block = scope.substr(top_.size() + 1);
    named_group(block, scope);
    for (const auto& valid : signals_) {
      const auto name = base_name(valid);
      if (valid.scope != scope || !valid.is_output || !name.ends_with("_valid")) continue;
      const auto stream = name.substr(0, name.size() - 5);  // with the underscore
      group(fmt::format("{}: {}", block, stream.substr(0, stream.size() - 1)), [&] {
        named(scope, {stream + "valid", stream + "ready"});
        for (const auto& field : signals_) {
          const auto other = base_name(field);
          if (field.scope == scope && field.is_output && other != stream + "valid" && (other + "_").starts_with(stream))
            show(field);
        }
      });
    }
  }

  /// What a block says of itself apart from its streams.
  void named_group(const std::string& block, const std::string& scope) {
    group(fmt::format("{}: state", block), [&] { named(scope, {"state", "clearing", "waiting"}); });
  }

  /// Scopes of the instances u_BLOCK and u_BLOCK_NUMBER.
  std::vector<std::string> scopes_of(const std::string& block) const {
    std::vector<std::string> found;
    for (const auto& signal : signals_) {
      auto instance = signal.scope.substr(signal.scope.rfind('.') + 1);
      while (std::isdigit(static_cast<unsigned char>(instance.back()))) instance.pop_back();
      if (instance.back() == '_') instance.pop_back();
      if (instance == "u_" + block && (found.empty() || found.back() != signal.scope)) found.push_back(signal.scope);
    }
    return found;
  }

  /// Lines "digits name" of a state register: its states are the parameters of its scope that begin with its name in
  /// capitals.
  std::string states_of(const WaveSignal& signal) const {
    auto prefix = base_name(signal) + "_";
    std::transform(prefix.begin(), prefix.end(), prefix.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string lines;
    for (const auto& p : signals_)
      if (static_cast<int>(p.value.size()) == width(signal) && p.scope == signal.scope && p.name.starts_with(prefix))
        lines += fmt::format("{} {}\n", p.value, base_name(p).substr(prefix.size()));
    return lines;
  }

  std::string states_file_name(const WaveSignal& signal) const {
    return signal.scope.substr(signal.scope.rfind('.') + 3) + "_" + base_name(signal);  // without u_
  }

  const std::vector<WaveSignal>& signals_;
  std::string top_, name_;
  SignalList list_;
};

}  // namespace

SignalList signal_list(const std::vector<WaveSignal>& signals, const std::string& top, const std::string& name) {
  return Writer(signals, top, name).run();
}

}  // namespace quillgen::harness
