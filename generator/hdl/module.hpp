// Module: one node array and the named things on it (ports, registers, wires, memories, instances). Design: the
// modules. This is the netlist itself; value.hpp and stream.hpp are the language that people write.
#pragma once
#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "hdl/node.hpp"
#include "hdl/node_table.hpp"

namespace quillgen::hdl {

class Module;

struct Port {
  std::string name;
  std::string whole;  ///< the bundle or stream it is a net of; its own name otherwise
  bool is_input = true;
  int width = 0;
  Id node = no_id;  ///< input: the input node; output: what drives it
  SourceLine at;
};

/// `if (enable) q <= data`; no_id as enable means always.
struct RegUpdate {
  Id enable = no_id;
  Id data = no_id;
};

/// The updates are tried in order, the first whose enable holds is taken; otherwise the register keeps its value.
struct RegInfo {
  Id node = no_id;
  std::optional<std::uint64_t> reset;
  std::vector<RegUpdate> updates;
  std::vector<std::string> value_names;  ///< of 0, 1, ..: the states of a state machine
};

/// One write port, one read port, one clock. Reading and writing one address in the same cycle is an error of the
/// design.
struct MemoryInfo {
  std::string name;
  int depth = 0, width = 0;
  int latency = 1;  ///< 0: read data follow the address at once (register file); 1: in the next cycle, held until the
                    ///< next read (SRAM)
  Id write_enable = no_id, write_address = no_id, write_data = no_id;
  Id read_enable = no_id, read_address = no_id, read_data = no_id;
  SourceLine at;

  int address_bits() const;
  const char* wrapper() const { return latency == 0 ? "regfile_1r1w" : "sram_1r1w"; }
};

struct InstanceInfo {
  std::string name;
  const Module* module = nullptr;
  std::vector<Id> inputs;   ///< by position in module->ports(), no_id where not connected (or an output)
  std::vector<Id> outputs;  ///< by position in module->ports(), the instance_output node (or no_id)
  SourceLine at;
  Id reset = no_id;         ///< resets the instance, besides the reset of the module it stands in; no_id: nothing does
  Id clock_enable = no_id;  ///< while 0 and not in reset, the instance holds its state; no_id: it always runs
};

/// valid and payload of a stream must not change while ready is low.
struct StreamCheck {
  std::string name;
  Id valid = no_id, ready = no_id;
  std::vector<Id> payload;
};

/// A condition that must hold in every cycle outside reset.
struct Assertion {
  std::string name;
  Id condition = no_id;
};

/// The Verilog module with parameters that is printed in place of a netlist.
struct PrintedAs {
  std::string name;                                              ///< of the module, and of its text in templates/
  std::vector<std::pair<std::string, std::int64_t>> parameters;  ///< in the order of the text
};

/// A stream made visible to the simulation harness.
struct TapField {
  std::string name;
  Id node = no_id;
  bool is_signed = false;
};
struct Tap {
  std::string stage;
  Id valid = no_id, ready = no_id;
  std::vector<TapField> fields;
};

/// What the printer writes, in this order. An item that is finished later (a register after its last update) stands at
/// the later place.
struct Statement {
  enum class Kind : std::uint8_t {
    none,
    note,
    net,
    reg_declare,
    reg_update,
    wire_declare,
    wire_drive,
    instance_declare,
    instance,
    memory_declare,
    memory
  };
  static constexpr int kinds = 11;
  Kind kind = Kind::none;
  std::uint32_t index = 0;  ///< note, reg, instance or memory number; node of a net or wire
};

class Module {
 public:
  explicit Module(std::string name) : name_(std::move(name)) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  const std::string& name() const { return name_; }

  // --- building ---------------------------------------------------------------------------------------------------
  /// One or two sentences for the header of the Verilog file.
  void describe(std::string text) { description_ = std::move(text); }
  /// A parameter, listed in the header.
  void parameter(std::string key, std::int64_t value) { parameters_.emplace_back(std::move(key), value); }
  /// Every instance is printed as one of a module with parameters, written by hand in templates/. The netlist stays
  /// what is interpreted, verified and measured, and says what that text must do (verif/fuzz/fuzz_templates.cpp).
  void printed_as(std::string name, std::vector<std::pair<std::string, std::int64_t>> parameters) {
    printed_as_ = {std::move(name), std::move(parameters)};
  }
  /// A comment line above what is declared next.
  void note(std::string text);

  Id constant(std::uint64_t value, int width, SourceLine at);
  /// The only way to make a pure node: checks widths, simplifies, shares equal nodes.
  Id make(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at);
  Id rom(std::vector<std::uint64_t> table, int width, Id address, SourceLine at);

  /// `whole`: the bundle or stream that the port is a net of; "" for none.
  Id add_input(const std::string& name, int width, SourceLine at, const std::string& whole = "");
  void add_output(const std::string& name, Id value, SourceLine at, const std::string& whole = "");
  Id add_reg(const std::string& name, int width, std::optional<std::uint64_t> reset, SourceLine at);
  void update_reg(Id reg, Id enable, Id data, SourceLine at);
  /// Values 0, 1, .. of a register are printed by name: "idle" of register "state" as STATE_IDLE.
  void name_values(Id reg, const std::vector<std::string>& names, SourceLine at);
  /// `handshake`: the net is only there to carry a ready upstream; it is printed under the name of its driver where
  /// that is possible.
  Id add_wire(const std::string& name, int width, SourceLine at, bool handshake = false);
  void drive_wire(Id wire, Id value, SourceLine at);
  /// Gives a net its name. A second name for a net makes an alias net, so that both can be read in the Verilog.
  Id set_name(Id node, const std::string& name, SourceLine at);
  std::uint32_t add_instance(const std::string& name, const Module& child, SourceLine at);
  /// Gives an instance a reset of its own, made by a register so that it does not glitch.
  void connect_reset(std::uint32_t instance, Id reset, SourceLine at);
  /// Stops the clock of an instance. The enable comes from registers alone (passes/verify.hpp), so that it does not
  /// change while the clock is low; gates do not nest.
  void connect_clock_enable(std::uint32_t instance, Id enable, SourceLine at);
  void connect_input(std::uint32_t instance, const std::string& port, Id value, SourceLine at);
  Id instance_output(std::uint32_t instance, const std::string& port, SourceLine at);
  /// All nets of the port, bundle or stream `port` of an instance become ports of this module, `as` in place of `port`
  /// in their names; inputs that are there already are shared.
  void pass_port(std::uint32_t instance, const std::string& port, const std::string& as, SourceLine at);
  /// Joins two ports, bundles or streams of two instances: nets of the same name behind `port` and `other_port`.
  void join_ports(std::uint32_t instance, const std::string& port, std::uint32_t other, const std::string& other_port,
                  SourceLine at);
  std::uint32_t add_memory(const std::string& name, int depth, int width, int latency, SourceLine at);
  void memory_write(std::uint32_t memory, Id enable, Id address, Id data, SourceLine at);
  Id memory_read(std::uint32_t memory, Id enable, Id address, SourceLine at);
  /// States that the value is left unused on purpose.
  void discard(Id node) { discarded_.push_back(node); }
  void add_stream_check(StreamCheck check) { stream_checks_.push_back(std::move(check)); }
  void add_assertion(std::string name, Id condition) { assertions_.push_back({std::move(name), condition}); }
  void add_tap(Tap tap) { taps_.push_back(std::move(tap)); }

  // --- reading ----------------------------------------------------------------------------------------------------
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(Id id) const { return nodes_[id]; }
  int width(Id id) const { return nodes_[id].width; }
  const std::string& description() const { return description_; }
  const std::vector<std::pair<std::string, std::int64_t>>& parameters() const { return parameters_; }
  const std::optional<PrintedAs>& printed_as() const { return printed_as_; }
  const std::vector<Port>& ports() const { return ports_; }
  const std::vector<RegInfo>& regs() const { return regs_; }
  const std::vector<MemoryInfo>& memories() const { return memories_; }
  const std::vector<InstanceInfo>& instances() const { return instances_; }
  const std::vector<std::vector<std::uint64_t>>& roms() const { return roms_; }
  const std::vector<Statement>& statements() const { return statements_; }
  const std::vector<std::string>& notes() const { return notes_; }
  const std::vector<Id>& discarded() const { return discarded_; }
  const std::vector<StreamCheck>& stream_checks() const { return stream_checks_; }
  const std::vector<Assertion>& assertions() const { return assertions_; }
  const std::vector<Tap>& taps() const { return taps_; }
  /// Name given by the author, or "".
  const std::string& name_of(Id id) const;
  bool has_clock() const { return has_clock_; }              ///< holds state, itself or below
  bool has_reset() const { return has_reset_; }              ///< holds state with a reset value, itself or below
  bool has_clock_gate() const { return has_clock_gate_; }    ///< an instance in it, or below, has a clock enable
  bool has_block_reset() const { return has_block_reset_; }  ///< an instance in it, or below, has a reset of its own
  int port_index(const std::string& name) const;             ///< -1 if there is none
  const RegInfo& reg_of(Id node) const { return regs_[static_cast<std::size_t>(nodes_[node].extra)]; }
  std::string describe_node(Id id) const;  ///< "sum (adder.cpp:12)" for messages

  [[noreturn]] void fail(const std::string& message) const;

 private:
  void store_name(Id id, const std::string& name);
  std::vector<std::size_t> nets_of(const InstanceInfo& info, const std::string& port, SourceLine at) const;
  Id push(Node n);
  Id push_shared(const Node& n);
  Id simplify(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at);
  Id fold_constants(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at);
  Id split_slice(const Node& n, int width, Id a, std::uint64_t extra, SourceLine at);
  void check_operands(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at) const;
  void claim_name(const std::string& name, SourceLine at);
  void check_port_name(const std::string& name, SourceLine at) const;
  void place(Statement::Kind kind,
             std::uint32_t index);  ///< appends; an earlier statement of the same kind and index is dropped
  bool is_constant(Id id, std::uint64_t& value) const;
  bool is_all_ones(Id id) const;

  std::string name_;
  std::string description_;
  std::vector<std::pair<std::string, std::int64_t>> parameters_;
  std::optional<PrintedAs> printed_as_;
  std::vector<Node> nodes_;
  NodeTable shared_;
  std::unordered_map<Node, Id, NodeHash, bool (*)(const Node&, const Node&)> split_{0, NodeHash(), same_node};
  int split_depth_ = 0;
  std::vector<std::string> names_;  // by node; shorter than nodes_ when the last ones have none
  std::unordered_map<std::string, SourceLine> claimed_;
  std::vector<Port> ports_;
  std::unordered_map<std::string, int> port_numbers_;
  std::vector<RegInfo> regs_;
  std::vector<MemoryInfo> memories_;
  std::vector<InstanceInfo> instances_;
  std::vector<std::vector<std::uint64_t>> roms_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> rom_numbers_;  // by a hash of the table
  std::vector<Statement> statements_;
  std::vector<std::size_t> placed_[Statement::kinds];  // by kind and index: place in statements_, plus 1
  std::vector<std::string> notes_;
  std::vector<Id> discarded_;
  std::vector<StreamCheck> stream_checks_;
  std::vector<Assertion> assertions_;
  std::vector<Tap> taps_;
  bool has_clock_ = false, has_reset_ = false, has_clock_gate_ = false, has_block_reset_ = false;
};

/// Owns the modules. A module is its name and its parameters: the name carries those that tell it apart from its
/// siblings.
class Design {
 public:
  /// The module `name` of these parameters, a plain struct that can be compared; built when it is first asked for. A
  /// build function holds nothing of its own, so that its parameters are all a module can depend on. Throws when the
  /// name was given to other parameters or to another function.
  template <class Parameters>
  Module& module(const std::string& name, const Parameters& parameters,
                 std::type_identity_t<void (*)(Design&, Module&, const Parameters&)> build,
                 SourceLine at = std::source_location::current()) {
    if (Made* made = find(name, at)) {
      const auto* before = std::any_cast<Key<Parameters>>(&made->key);
      if (before == nullptr || before->build != build || !(before->parameters == parameters))
        fail_again(name, *made, at);
      return *made->module;
    }
    return make(
        name, Key<Parameters>{parameters, build}, [&](Module& m) { build(*this, m, parameters); }, at);
  }
  /// A module that is made once: `build` may depend on anything. Throws when the name was given before.
  Module& module(const std::string& name, const std::function<void(Module&)>& build,
                 SourceLine at = std::source_location::current());
  /// All modules, children before parents.
  const std::vector<std::unique_ptr<Module>>& modules() const { return modules_; }

 private:
  template <class Parameters>
  struct Key {
    Parameters parameters;
    void (*build)(Design&, Module&, const Parameters&);
  };
  struct Made {
    Module* module = nullptr;  // while it is built: not yet there
    std::any key;
    std::string place;  // where it was asked for first
  };
  /// nullptr when the name is new. Throws while the module is being built.
  Made* find(const std::string& name, SourceLine at);
  /// "file.cpp:12", and for which module that is being built: a build function asks always in the same line.
  std::string place(SourceLine at) const;
  Module& make(const std::string& name, std::any key, const std::function<void(Module&)>& build, SourceLine at);
  [[noreturn]] void fail_again(const std::string& name, const Made& before, SourceLine at) const;

  std::vector<std::unique_ptr<Module>> modules_;
  std::unordered_map<std::string, Made> by_name_;
  std::vector<std::string> in_work_;  // modules that are being built, the outermost first
};

/// Bits needed to count from 0 to n - 1; at least 1.
int index_bits(std::uint64_t n);
/// Bits needed to hold the value n; at least 1.
int value_bits(std::uint64_t n);
std::uint64_t mask(int width);  ///< width 0..64

}  // namespace quillgen::hdl
