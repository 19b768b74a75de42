#include "harness/simulator.hpp"

#include <dlfcn.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "config/error.hpp"
#include "harness/rtl_error.hpp"

namespace quillgen::harness {

SimulatorLibrary::SimulatorLibrary(const std::filesystem::path& file)
    : library_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* library) {
        if (library) dlclose(library);
      }) {
  if (!library_)
    throw UserError(
        fmt::format("{}: cannot be loaded ({}): point XDG_CACHE_HOME to a folder that programs may run from",
                    file.string(), dlerror()));
  interface_ = static_cast<const SimInterface*>(dlsym(library_.get(), "quillgen_sim"));
  if (!interface_ || interface_->version != sim_interface_version)
    throw std::runtime_error(fmt::format("{}: is no simulator of this version: remove it", file.string()));
}

std::optional<std::filesystem::path> coverage_folder() {
  const char* folder = std::getenv("QUILLGEN_COVERAGE");
  if (!folder || !*folder) return std::nullopt;
  return folder;
}

std::vector<WaveSignal> SimulatorLibrary::signals(const std::filesystem::path& waveform) const {
  std::vector<WaveSignal> signals;
  const auto see = [](void* to, const SimSignal* s) {
    static_cast<std::vector<WaveSignal>*>(to)->push_back(
        {s->scope, s->name, s->is_output != 0, s->value ? s->value : ""});
  };
  if (interface_->list_signals(waveform.c_str(), see, &signals) != 0) return {};
  return signals;
}

Simulator::Simulator(const SimulatorLibrary& library, std::uint32_t seed, const std::filesystem::path& waveform)
    : library_(library), sim_(library.interface().create(seed), library.interface().destroy) {
  if (!waveform.empty() && library.interface().record(sim_.get(), waveform.c_str()) != 0)
    throw UserError(fmt::format("{}: cannot be written: check that its folder is writable", waveform.string()));
}

Signal Simulator::find_port(const std::string& name) const {
  const std::span ports(library_.interface().ports(sim_.get()),
                        static_cast<std::size_t>(library_.interface().port_count(sim_.get())));
  for (const auto& port : ports)
    if (name == port.name) return {port.data, port.bits};
  return {};
}

Signal Simulator::port(const std::string& name, bool is_input, int bits) const {
  const std::span ports(library_.interface().ports(sim_.get()),
                        static_cast<std::size_t>(library_.interface().port_count(sim_.get())));
  for (const auto& port : ports) {
    if (name != port.name) continue;
    if ((port.is_input != 0) != is_input)
      throw RtlError(fmt::format("RTL: port {} is an {}: it must be an {}", name, is_input ? "output" : "input",
                                 is_input ? "input" : "output"));
    if (bits && port.bits != bits)
      throw RtlError(fmt::format("RTL: port {} has {} bits: it must have {}", name, port.bits, bits));
    return {port.data, port.bits};
  }
  throw RtlError(fmt::format("RTL: the top module has no port {}: generate the RTL again", name));
}

Signal Simulator::net(const std::string& instance, const std::string& name) const {
  const auto found = library_.interface().find_net(sim_.get(), instance.c_str(), name.c_str());
  if (!found.data)
    throw RtlError(fmt::format(
        "RTL: instance \"{}\" has no net {}, which the manifest names as part of a tap: restore it", instance, name));
  return {const_cast<void*>(found.data), found.bits};
}

void Simulator::start_coverage() {
  static int files = 0;
  const auto folder = coverage_folder();
  if (covering_ || !folder || !library_.interface().record || library_.interface().list_signals) return;
  covering_ = true;
  library_.interface().record(sim_.get(), (*folder / fmt::format("{}-{}.dat", getpid(), ++files)).c_str());
}

void Simulator::eval_in_reset() { library_.interface().eval(sim_.get()); }

void Simulator::eval() {
  const int state = library_.interface().eval(sim_.get());
  if (state == 0) return;
  if (state == 2) throw UserError("the waveform could not be written whole: make room on the disk");
  std::string message = library_.interface().message(sim_.get());
  std::replace(message.begin(), message.end(), '\n', ' ');
  throw DesignStopped(message);
}

}  // namespace quillgen::harness
