// The C interface between quillgen and a Verilated design. This file is compiled into both.
#pragma once

/// A port of the top module, in declaration order. `data` holds the value as little-endian bytes: 1, 2, 4 or 8 of them
/// for up to 8, 16, 32 or 64 bits, whole 32-bit words above.
struct SimPort {
  const char* name;
  int bits;
  int is_input;
  void* data;
};

/// A net inside the design; `data` as above, null when there is no such net.
struct SimNet {
  const void* data;
  int bits;
};

/// A signal of a waveform file, named as in it: scope "TOP.quillgen.u_core", name "hits [2:0]". `value` is the value of
/// a parameter as digits 0 and 1, null for everything else.
struct SimSignal {
  const char* scope;
  const char* name;
  int is_output;
  const char* value;
};

/// The one symbol of the shared object: `extern "C" const SimInterface quillgen_sim`.
struct SimInterface {
  int version;
  /// A new instance; registers without reset start with bits drawn from the seed. Null when it could not be made.
  void* (*create)(unsigned seed);
  void (*destroy)(void* sim);
  int (*port_count)(void* sim);
  const SimPort* (*ports)(void* sim);
  /// `instance` is the dot path below the top, empty for the top.
  SimNet (*find_net)(void* sim, const char* instance, const char* net);
  /// Settles the design after a change of inputs; clock edges are changes of the clock input. 0, or 1 after $fatal,
  /// $stop or $finish, which do not end the evaluation, or 2 once the file of `record` did not take all of its data.
  int (*eval)(void* sim);
  /// What the last eval that returned 1 said.
  const char* (*message)(void* sim);
  /// Records from now on what the simulator was built for; the file is complete once the instance is destroyed. A
  /// waveform (FST): every eval, five time units apart. Coverage: what Verilator counts. 0, or 1 when the file cannot
  /// be made. Null in a simulator that was built for neither.
  int (*record)(void* sim, const char* file) = nullptr;
  /// Calls see(to, signal) for every signal of a complete waveform, in the order of the design. 0, or 1 when the file
  /// is not whole. Null in a simulator without waveforms.
  int (*list_signals)(const char* file, void (*see)(void* to, const SimSignal* signal), void* to) = nullptr;
};

constexpr int sim_interface_version = 2;
