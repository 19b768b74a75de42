#include "unit/interpreter_device.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/load.hpp"
#include "interp/interpreter.hpp"

namespace quillgen::test {
namespace {

const hdl::Module* interpreted = nullptr;  ///< what create() makes instances of
int reset_style = sync_high;               ///< and how they are reset

using Words = std::vector<std::uint64_t>;

/// An interpreter behind variables that hold ports and nets, as a Verilated design has them.
struct Device {
  explicit Device(unsigned seed) : sim(*interpreted, std::uint64_t{seed} + 1) {
    sim.set_asynchronous_reset(reset_style == async_low);
    add_port("clk", 1, true), add_port(reset_style == sync_high ? "rst" : "rst_n", 1, true);
    for (const auto& p : interpreted->ports()) add_port(p.name.c_str(), p.width, p.is_input);
  }
  void add_port(const char* name, int bits, bool is_input) {
    auto& value = values.emplace_back(static_cast<std::size_t>(bits + 63) / 64);
    applied.emplace_back();  // no value yet: the first one is always passed on
    ports.push_back({name, bits, is_input, value.data()});
  }
  std::uint64_t& at(std::size_t port) { return values[port].front(); }

  /// At the edge the inputs are those of the evaluation before it, and nobody reads outputs until the next one.
  void eval() {
    const bool clock = at(0) != 0, edge = clock && !clock_before;
    clock_before = clock;
    sim.set_reset((at(1) != 0) == (reset_style == sync_high));
    for (std::size_t i = 2; i < ports.size(); ++i)
      if (ports[i].is_input && values[i] != applied[i]) {
        applied[i] = values[i];
        sim.set_wide(static_cast<int>(i) - 2, values[i]);
      }
    if (edge) return sim.step();
    for (std::size_t i = 2; i < ports.size(); ++i)
      if (!ports[i].is_input) std::ranges::copy(sim.get_wide(static_cast<int>(i) - 2), values[i].begin());
    for (auto& net : nets) net.value = sim.peek_tap(net.path, net.node);
  }

  struct Net {
    std::string path;
    hdl::Id node;
    std::uint64_t value = 0;
  };
  interp::Interpreter sim;
  std::deque<Words> values;   ///< of the ports: clk, the reset, those of the module
  std::deque<Words> applied;  ///< inputs as the interpreter has them: setting one anew would evaluate everything anew
  std::vector<SimPort> ports;
  std::deque<Net> nets;
  bool clock_before = false;
  std::string message;
};

/// Calls f(module, path) for `top` and everything below it.
void for_each_instance(const hdl::Module& module, const std::string& path,
                       const std::function<void(const hdl::Module&, const std::string&)>& f) {
  f(module, path);
  for (const auto& u : module.instances()) for_each_instance(*u.module, path.empty() ? u.name : path + "." + u.name, f);
}

Device& device(void* sim) { return *static_cast<Device*>(sim); }

SimNet find_net(void* sim, const char* instance, const char* net) {
  SimNet found{nullptr, 0};
  const auto node = static_cast<hdl::Id>(std::stoul(net));
  for_each_instance(*interpreted, "", [&](const hdl::Module& module, const std::string& path) {
    if (path != instance) return;
    auto& nets = device(sim).nets;
    nets.push_back({path, node});
    found = {&nets.back().value, module.width(node)};
  });
  return found;
}

int eval(void* sim) {
  try {
    device(sim).eval();
    return 0;
  } catch (const interp::InterpreterError& e) {
    device(sim).message = e.what();
    return 1;
  }
}

constexpr SimInterface interface = {
    sim_interface_version,
    [](unsigned seed) -> void* { return new Device(seed); },
    [](void* sim) { delete &device(sim); },
    [](void* sim) { return static_cast<int>(device(sim).ports.size()); },
    [](void* sim) -> const SimPort* { return device(sim).ports.data(); },
    find_net,
    eval,
    [](void* sim) { return device(sim).message.c_str(); },
};

}  // namespace

harness::SimulatorLibrary interpreter_library(const hdl::Module& top, const Config& config) {
  interpreted = &top;
  reset_style = config.implementation.reset;
  return harness::SimulatorLibrary(interface);
}

harness::Manifest interpreter_manifest(const hdl::Module& top, const Config& config) {
  harness::Manifest manifest{top.name(), to_json(config).dump(), {}};
  for_each_instance(top, "", [&](const hdl::Module& module, const std::string& path) {
    for (const auto& tap : module.taps()) {
      auto& entry = manifest.taps.emplace_back();
      entry.stage = tap.stage, entry.instance = path, entry.module = module.name();
      entry.valid = std::to_string(tap.valid), entry.ready = std::to_string(tap.ready);
      for (const auto& f : tap.fields)
        entry.fields.push_back({f.name, std::to_string(f.node), module.width(f.node), f.is_signed});
    }
  });
  return manifest;
}

}  // namespace quillgen::test
