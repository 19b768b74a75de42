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
  /// $stop or $finish, which do not end the evaluation.
  int (*eval)(void* sim);
  /// What the last eval that returned 1 said.
  const char* (*message)(void* sim);
};

constexpr int sim_interface_version = 1;
