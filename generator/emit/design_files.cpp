#include "emit/design_files.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>

#include "emit/checks.hpp"
#include "emit/printed_text.hpp"
#include "emit/reset_style.hpp"
#include "passes/verify.hpp"

namespace quillgen::emit {

using namespace hdl;
using Json = nlohmann::ordered_json;

namespace {

// `m` and what it instantiates, at any depth.
void collect(const Module& m, std::set<const Module*>& found) {
  if (found.insert(&m).second)
    for (const auto& i : m.instances()) collect(*i.module, found);
}

// Every instance of the hierarchy: its path below the top, "" for the top itself.
template <class F>
void each_instance(const Module& m, const std::string& path, F&& f) {
  f(m, path);
  for (const auto& i : m.instances()) each_instance(*i.module, (path.empty() ? "" : path + ".") + "u_" + i.name, f);
}

Json memory_entry(const MemoryInfo& memory, const std::string& path, const std::string& prefix) {
  return Json{{"instance", (path.empty() ? "" : path + ".") + "u_" + memory.name},
              {"wrapper", prefix + memory.wrapper()},
              {"depth", memory.depth},
              {"width", memory.width},
              {"read_latency", memory.latency},
              {"ports", "1 write, 1 read"},
              {"mask", false},
              {"read_under_write", memory.latency == 0 ? "old data" : "not used"}};
}

Json gate_entry(const std::string& wrapper, const InstanceInfo& block, const std::string& path,
                const std::string& prefix) {
  return Json{{"instance", fmt::format("{}u_{}_{}", path.empty() ? "" : path + ".", block.name, wrapper)},
              {"wrapper", prefix + wrapper}};
}

Json tap_entry(const Tap& tap, const Module& m, const std::string& path, const ModuleText& text,
               const std::string& prefix) {
  Json fields = Json::array();
  for (const TapField& f : tap.fields)
    fields.push_back(
        {{"name", f.name}, {"net", text.nets.at(f.node)}, {"width", m.width(f.node)}, {"signed", f.is_signed}});
  return Json{{"stage", tap.stage},
              {"instance", path},
              {"module", prefix + m.name()},
              {"valid", text.nets.at(tap.valid)},
              {"ready", text.nets.at(tap.ready)},
              {"fields", fields}};
}

}  // namespace

Files design_files(const Design& design, const Module& top, const Json& config, const Options& options) {
  passes::verify_or_throw(top);
  std::set<const Module*> printed;
  collect(top, printed);
  Files files;
  std::map<const Module*, ModuleText> texts;
  std::set<std::string> wrappers;
  std::string list;
  Json modules = Json::array();
  for (const auto& m : design.modules()) {
    if (!printed.contains(m.get())) continue;
    const std::string name = options.prefix + printed_name(*m), file = name + ".v";
    if (has_stream_check(*m)) wrappers.insert("stream_check");
    for (const auto& memory : m->memories()) wrappers.insert(memory.wrapper());
    for (const auto& i : m->instances()) {
      if (i.clock_enable != no_id) wrappers.insert("clock_gate");
      if (has_reset_gate(i, options.reset)) wrappers.insert("reset_gate");
    }
    if (!files.contains(file)) modules.push_back(name), list += file + "\n";
    if (!m->printed_as()) files[file] = (texts[m.get()] = print_module(*m, options)).verilog;
    else
      files[file] = m.get() == &top ? printed_text(*m->printed_as(), options) : printed_text(printed_name(*m), options);
  }
  std::string wrapper_list;
  for (const auto& w : wrappers) {
    files[options.prefix + w + ".v"] = printed_text(w, options);
    wrapper_list += options.prefix + w + ".v\n";
  }
  files["files.f"] = wrapper_list + list;

  Json ports = Json::array(), memories = Json::array(), gates = Json::array(), taps = Json::array();
  if (top.has_clock()) ports.push_back({{"name", "clk"}, {"direction", "input"}, {"width", 1}});
  if (top.has_reset()) ports.push_back({{"name", reset_port(options.reset)}, {"direction", "input"}, {"width", 1}});
  if (has_test_mode(top, options.reset)) ports.push_back({{"name", "test_mode"}, {"direction", "input"}, {"width", 1}});
  for (const auto& [p, title] : listed_ports(top, options.port_groups))
    ports.push_back({{"name", p->name}, {"direction", p->is_input ? "input" : "output"}, {"width", p->width}});
  each_instance(top, "", [&](const Module& m, const std::string& path) {
    for (const auto& memory : m.memories()) memories.push_back(memory_entry(memory, path, options.prefix));
    for (const auto& i : m.instances()) {
      if (i.clock_enable != no_id) gates.push_back(gate_entry("clock_gate", i, path, options.prefix));
      if (has_reset_gate(i, options.reset)) gates.push_back(gate_entry("reset_gate", i, path, options.prefix));
    }
    for (const auto& tap : m.taps()) taps.push_back(tap_entry(tap, m, path, texts.at(&m), options.prefix));
  });
  Json manifest{{"generator", "quillgen"}, {"version", QUILLGEN_VERSION}, {"top", options.prefix + printed_name(top)}};
  if (const Module& whole = *design.modules().back(); &whole != &top)
    manifest["part_of"] = options.prefix + whole.name();
  manifest.update(Json{{"config", config},
                       {"ports", ports},
                       {"modules", modules},
                       {"memories", memories},
                       {"gates", gates},
                       {"taps", taps}});
  files["manifest.json"] = manifest.dump(2) + "\n";
  return files;
}

}  // namespace quillgen::emit
