// Compiled together with the C++ that Verilator makes of a design; gives it the interface of abi.hpp.
// ports.hpp is written for each design: `sim_top` and `list_ports`.
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "Vsim.h"
#include "abi.hpp"
#include "ports.hpp"
#include "verilated.h"
#include "verilated_syms.h"
#if VM_TRACE_FST
#include "gtkwave/fstapi.h"
#include "verilated_fst_c.h"
extern bool quillgen_disk_full;  // of fst_files.hpp
#endif
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

namespace {

struct Instance {
  VerilatedContext context;
  std::unique_ptr<Vsim> model;
  std::vector<SimPort> ports;
  std::string message;
#if VM_TRACE_FST
  std::unique_ptr<VerilatedFstC> waveform;
  std::uint64_t time = 0;  ///< of the next eval
#endif
#if VM_COVERAGE
  std::string coverage;  ///< the file
#endif
};

std::string printed;   ///< by $display and $fatal since the last eval
bool stopped = false;  ///< by $fatal, $stop or $finish since the last eval

Instance& instance(void* sim) { return *static_cast<Instance*>(sim); }

void* create(unsigned seed) {
  auto sim = std::make_unique<Instance>();
  sim->context.randReset(2);
  sim->context.randSeed(static_cast<int>(seed % 0x7fffffff) + 1);
  Verilated::threadContextp(&sim->context);
  sim->model = std::make_unique<Vsim>(&sim->context, "TOP");
  list_ports(*sim->model, sim->ports);
  return sim.release();
}

void destroy(void* sim) {
  Verilated::threadContextp(&instance(sim).context);
#if VM_TRACE_FST
  if (instance(sim).waveform) instance(sim).waveform->close();
#endif
#if VM_COVERAGE
  if (!instance(sim).coverage.empty()) instance(sim).context.coveragep()->write(instance(sim).coverage.c_str());
#endif
  delete &instance(sim);
}

int port_count(void* sim) { return static_cast<int>(instance(sim).ports.size()); }

const SimPort* ports(void* sim) { return instance(sim).ports.data(); }

SimNet find_net(void* sim, const char* path, const char* net) {
  std::string scope = std::string("TOP.") + sim_top;
  if (*path) scope += std::string(".") + path;
  const VerilatedScope* found = instance(sim).context.scopeFind(scope.c_str());
  const VerilatedVar* var = found ? found->varFind(net) : nullptr;
  if (!var) return {nullptr, 0};
  return {var->datap(), var->packed().elements()};
}

int eval(void* sim) {
  try {
    Verilated::threadContextp(&instance(sim).context);
    instance(sim).model->eval();
  } catch (const std::exception& e) {
    stopped = true;
    printed += e.what();
  }
#if VM_TRACE_FST
  if (auto& i = instance(sim); i.waveform) i.waveform->dump(i.time), i.time += 5;
#endif
  auto text = std::exchange(printed, {});
  if (!std::exchange(stopped, false)) {
    if (!text.empty()) std::fputs(text.c_str(), stderr);
#if VM_TRACE_FST
    if (quillgen_disk_full) return 2;
#endif
    return 0;
  }
  instance(sim).message = std::move(text);
  return 1;
}

const char* message(void* sim) { return instance(sim).message.c_str(); }

#if VM_COVERAGE
int record(void* sim, const char* file) {
  instance(sim).coverage = file;
  instance(sim).context.coveragep()->zero();
  return 0;
}
#endif

#if VM_TRACE_FST
int record(void* sim, const char* file) {
  if (std::FILE* probe = std::fopen(file, "wb"); !probe || std::fclose(probe) != 0) return 1;
  auto& i = instance(sim);
  i.context.traceEverOn(true);
  i.waveform = std::make_unique<VerilatedFstC>();
  i.model->trace(i.waveform.get(), 1000);  // levels of hierarchy
  i.waveform->open(file);
  return !i.waveform->isOpen();
}

int list_signals(const char* file, void (*see)(void* to, const SimSignal* signal), void* to) {
  void* reader = quillgen_disk_full ? nullptr : fstReaderOpen(file);
  if (!reader) return 1;
  char digits[65];
  std::vector<std::string> scopes;
  while (const fstHier* entry = fstReaderIterateHier(reader)) {
    if (entry->htyp == FST_HT_SCOPE)
      scopes.push_back((scopes.empty() ? "" : scopes.back() + ".") + entry->u.scope.name);
    if (entry->htyp == FST_HT_UPSCOPE) scopes.pop_back();
    if (entry->htyp != FST_HT_VAR) continue;
    const auto& v = entry->u.var;
    const bool constant = v.typ == FST_VT_VCD_PARAMETER && v.length < sizeof digits;
    const SimSignal signal = {
        scopes.back().c_str(), v.name, v.direction == FST_VD_OUTPUT,
        constant ? fstReaderGetValueFromHandleAtTime(reader, fstReaderGetStartTime(reader), v.handle, digits)
                 : nullptr};
    see(to, &signal);
  }
  fstReaderClose(reader);
  return 0;
}
#endif

void stop(const char* what, const char* file, int line) {
  stopped = true;
  if (printed.empty()) printed = std::string(what) + " at " + file + ":" + std::to_string(line);
}

}  // namespace

// The Verilated runtime calls these instead of printing and ending the program.
int quillgen_print(const char* format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  const int size = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  printed += text;
  return size;
}
void vl_finish(const char* file, int line, const char*) { stop("$finish", file, line); }
void vl_stop(const char* file, int line, const char*) { stop("$stop", file, line); }
void vl_fatal(const char* file, int line, const char*, const char* text) {
  throw std::runtime_error(std::string("error at ") + file + ":" + std::to_string(line) + ": " + text);
}

extern "C" __attribute__((visibility("default"))) const SimInterface quillgen_sim;
const SimInterface quillgen_sim = {sim_interface_version,
                                   create,
                                   destroy,
                                   port_count,
                                   ports,
                                   find_net,
                                   eval,
                                   message,
#if VM_TRACE_FST
                                   record,
                                   list_signals
#elif VM_COVERAGE
                                   record
#endif
};
