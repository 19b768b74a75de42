#include <fmt/core.h>

#include "interp/program.hpp"

namespace quillgen::interp {

using namespace hdl;

namespace {

// A node in the hierarchy.
struct Place {
  std::uint32_t scope;
  Id id;
  bool operator==(const Place&) const = default;
};

class Elaborator {
 public:
  explicit Elaborator(const Module& top) {
    add_scopes(top);
    p_.slots.assign(total_nodes_, no_slot);
    add_sources();
    add_state();
    connect_state();
    add_checks();
    name_nets();
  }
  Program take() { return std::move(p_); }

 private:
  // --- hierarchy --------------------------------------------------------------------------------------------------
  void add_scopes(const Module& top) {
    p_.scopes.push_back({&top, top.name(), 0, 0, {}, 0, 0});
    p_.domains.emplace_back();
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      p_.scopes[s].base = total_nodes_;
      total_nodes_ += m.nodes().size();
      p_.scope_by_path[p_.scopes[s].path] = s;
      for (std::uint32_t i = 0; i < m.instances().size(); ++i) {
        const InstanceInfo& info = m.instances()[i];
        std::uint32_t domain = p_.scopes[s].domain;
        if (info.reset != no_id || info.clock_enable != no_id) {
          p_.domains.push_back({domain, no_slot, no_slot});
          domain = static_cast<std::uint32_t>(p_.domains.size() - 1);
        }
        p_.scopes[s].children.push_back(static_cast<std::uint32_t>(p_.scopes.size()));
        p_.scopes.push_back({info.module, p_.scopes[s].path + "." + info.name, s, i, {}, 0, domain});
      }
    }
  }

  const Module& module(Place p) const { return *p_.scopes[p.scope].module; }
  const Node& node(Place p) const { return module(p).node(p.id); }
  int width(Place p) const { return node(p).width; }
  Slot& slot(Place p) { return p_.slots[p_.scopes[p.scope].base + p.id]; }
  std::string describe(Place p) const {
    return fmt::format("{}: {}", p_.scopes[p.scope].path, module(p).describe_node(p.id));
  }

  // Follows wires, ports and one-word zero extensions to the node that makes the value.
  Place resolve(Place p) const {
    for (std::size_t steps = 0; steps <= total_nodes_; ++steps) {
      const Node& n = node(p);
      const Scope& scope = p_.scopes[p.scope];
      Place from = p;
      if (n.op == Op::wire) {
        from.id = n.a;
      } else if (n.op == Op::zero_extend && n.width <= 64) {
        from.id = n.a;
      } else if (n.op == Op::input && p.scope != 0) {
        const InstanceInfo& info = p_.scopes[scope.parent].module->instances()[scope.instance];
        from = {scope.parent, info.inputs[static_cast<std::size_t>(n.extra)]};
      } else if (n.op == Op::instance_output && (n.extra >> 63) == 0) {
        const std::uint32_t child = scope.children[n.extra >> 32];
        from = {child, p_.scopes[child].module->ports()[n.extra & 0xFFFFFFFFu].node};
      } else {
        return p;
      }
      if (from.id == no_id) throw InterpreterError(fmt::format("{} is not driven", describe(p)));
      p = from;
    }
    throw InterpreterError(fmt::format("{} is part of a combinational loop of wires", describe(p)));
  }

  // --- sources ----------------------------------------------------------------------------------------------------
  Slot new_slot(int width) {
    const auto s = static_cast<Slot>(p_.values.size());
    p_.values.resize(p_.values.size() + words_of(width), 0);
    return s;
  }

  void add_sources() {
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      for (Id id = 0; id < m.nodes().size(); ++id) {
        const Node& n = m.node(id);
        if (n.op != Op::constant && !(n.op == Op::input && s == 0)) continue;
        slot({s, id}) = new_slot(n.width);
        if (n.op == Op::constant) p_.values.back() = n.extra;
      }
    }
  }

  // Registers and read data lie side by side, so that a clock edge is one copy.
  void add_state() {
    p_.state_begin = static_cast<Slot>(p_.values.size());
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      for (const RegInfo& r : m.regs()) {
        const int w = m.width(r.node);
        slot({s, r.node}) = new_slot(w);
        p_.registers.push_back(
            {slot({s, r.node}), words_of(w), w, r.reset.has_value(), r.reset.value_or(0), p_.scopes[s].domain, 0, 0});
      }
      for (const MemoryInfo& mem : m.memories()) {
        MemoryState state;
        state.path = p_.scopes[s].path + "." + mem.name;
        state.depth = static_cast<std::uint64_t>(mem.depth);
        state.words = words_of(mem.width);
        state.width = mem.width, state.latency = mem.latency, state.domain = p_.scopes[s].domain;
        if (mem.read_data != no_id && mem.latency == 1)
          state.read.data = slot({s, mem.read_data}) = new_slot(mem.width);
        first_memory_.resize(p_.scopes.size(), 0);
        if (&mem == &m.memories().front()) first_memory_[s] = static_cast<std::uint32_t>(p_.memories.size());
        p_.memories.push_back(std::move(state));
      }
    }
    p_.state_end = static_cast<Slot>(p_.values.size());
  }

  // --- combinational nodes ----------------------------------------------------------------------------------------
  // Slot of a node, which is computed with all it depends on if that has not been asked for yet.
  Slot need(std::uint32_t scope, Id id) {
    if (id == no_id) return no_slot;
    const Place root = resolve({scope, id});
    if (slot(root) == no_slot) order(root);
    return slot(root);
  }

  // Depth-first with a stack of its own: netlists are deeper than the stack of the machine.
  void order(Place root) {
    struct Entry {
      Place place;
      bool operands_done;
    };
    std::vector<Entry> stack{{root, false}};
    open_.resize(total_nodes_, false);
    while (!stack.empty()) {
      const auto [place, operands_done] = stack.back();
      if (slot(place) != no_slot) {
        stack.pop_back();
        continue;
      }
      auto&& open = open_[p_.scopes[place.scope].base + place.id];
      if (operands_done) {
        open = false;
        emit(place);
        stack.pop_back();
        continue;
      }
      if (open) {  // asked for by something that it depends on itself
        std::string text = "combinational loop:";
        auto first = stack.begin();
        while (!(first->place == place && first->operands_done)) ++first;
        stack.pop_back();
        for (auto it = stack.end(); it-- != first;)
          if (it->operands_done) text += fmt::format(" {} ->", describe(it->place));
        throw InterpreterError(text + " " + describe(place));
      }
      open = true;
      stack.back().operands_done = true;
      for (const Place& o : operands(place))
        if (slot(o) == no_slot) stack.push_back({o, false});
    }
  }

  // The parts of a wide concatenation, lowest first, nested ones flattened. A zero extension is narrower where it comes
  // from than in its place.
  struct Part {
    Place place;
    int width;
  };
  std::vector<Part> parts(Place p) const {
    std::vector<Part> list, stack{{p, width(p)}};
    while (!stack.empty()) {
      const Part q = stack.back();
      stack.pop_back();
      const Node& n = node(q.place);
      if (n.op != Op::concat || n.width <= 64) {
        list.push_back(q);
        continue;
      }
      each_operand(n, [&](Id id) { stack.push_back({resolve({q.place.scope, id}), module(q.place).width(id)}); });
    }
    return list;
  }

  const MemoryInfo& memory_of(Place p) const { return module(p).memories()[node(p).extra & 0xFFFFFFFFu]; }

  std::vector<Place> operands(Place p) const {
    const Node& n = node(p);
    if (n.op == Op::instance_output) return {resolve({p.scope, memory_of(p).read_address})};
    std::vector<Place> list;
    if (n.op == Op::concat && n.width > 64) {
      for (const Part& part : parts(p)) list.push_back(part.place);
      return list;
    }
    each_operand(n, [&](Id id) { list.push_back(resolve({p.scope, id})); });
    return list;
  }

  void emit(Place p) {
    const Node& n = node(p);
    auto at = [&](Id id) { return id == no_id ? Slot{0} : slot(resolve({p.scope, id})); };
    auto w = [&](Id id) { return module(p).width(id); };
    const Slot d = new_slot(n.width);
    slot(p) = d;
    const bool wide = n.width > 64 || (n.a != no_id && w(n.a) > 64);
    if (wide && n.op != Op::instance_output) return emit_wide(p, d);

    Instruction i{Code::clear, 0, d, at(n.a), at(n.b), at(n.c), mask(n.width)};
    auto unused = [&](Id id) { return static_cast<std::uint8_t>(64 - w(id)); };
    switch (n.op) {
      case Op::bit_not:
        i.code = Code::bit_not;
        break;
      case Op::bit_and:
        i.code = Code::bit_and;
        break;
      case Op::bit_or:
        i.code = Code::bit_or;
        break;
      case Op::bit_xor:
        i.code = Code::bit_xor;
        break;
      case Op::add:
        i.code = Code::add;
        break;
      case Op::sub:
        i.code = Code::sub;
        break;
      case Op::mul_unsigned:
        i.code = Code::mul;
        break;
      case Op::mul_signed:
        i.code = Code::mul_signed, i.shift = unused(n.a), i.c = unused(n.b);
        break;
      case Op::equal:
        i.code = Code::equal;
        break;
      case Op::less_unsigned:
        i.code = Code::less_unsigned;
        break;
      case Op::less_signed:
        i.code = Code::less_signed, i.shift = unused(n.a);
        break;
      case Op::shift_left:
        i.code = Code::shift_left;
        break;
      case Op::shift_right:
        i.code = Code::shift_right;
        break;
      case Op::shift_right_signed:
        i.code = Code::shift_right_signed, i.shift = unused(n.a);
        break;
      case Op::mux:
        i.code = Code::mux;
        break;
      case Op::slice:
        i.code = Code::slice, i.shift = static_cast<std::uint8_t>(n.extra);
        break;
      case Op::concat:
        i.code = Code::concat, i.shift = static_cast<std::uint8_t>(w(n.b));
        break;
      case Op::sign_extend:
        i.code = Code::sign_extend, i.shift = unused(n.a);
        break;
      case Op::rom:
        i.code = Code::rom, i.c = static_cast<Slot>(p_.roms.size());
        p_.roms.push_back(&module(p).roms()[static_cast<std::size_t>(n.extra)]);
        break;
      case Op::instance_output:
        i.code = Code::memory;
        i.a = at(memory_of(p).read_address);
        i.c = first_memory_[p.scope] + static_cast<std::uint32_t>(n.extra & 0xFFFFFFFFu);
        break;
      default:
        throw InterpreterError(fmt::format("{} cannot be interpreted", describe(p)));
    }
    p_.code.push_back(i);
  }

  void emit_wide(Place p, Slot d) {
    const Node& n = node(p);
    auto at = [&](Id id) { return id == no_id ? Slot{0} : slot(resolve({p.scope, id})); };
    const int wa = module(p).width(n.a);
    const std::uint32_t words = words_of(n.width), words_a = words_of(wa);
    const auto last_bits = static_cast<Slot>((n.width - 1) % 64 + 1);
    auto push = [&](Code code, int shift, Slot a, Slot b, Slot c) {
      p_.code.push_back({code, static_cast<std::uint8_t>(shift), d, a, b, c, words});
    };
    switch (n.op) {
      case Op::bit_not:
        return push(Code::wide_not, 0, at(n.a), last_bits, words_a);
      case Op::bit_and:
        return push(Code::wide_and, 0, at(n.a), at(n.b), words_a);
      case Op::bit_or:
        return push(Code::wide_or, 0, at(n.a), at(n.b), words_a);
      case Op::bit_xor:
        return push(Code::wide_xor, 0, at(n.a), at(n.b), words_a);
      case Op::equal:
        return push(Code::wide_equal, 0, at(n.a), at(n.b), words_a);
      case Op::mux:
        return push(Code::wide_mux, 0, at(n.a), at(n.b), at(n.c));
      case Op::sign_extend:
        return push(Code::wide_sign_extend, (wa - 1) % 64, at(n.a), last_bits, words_a);
      case Op::slice: {
        const auto word = static_cast<Slot>(n.extra / 64);
        const int shift = static_cast<int>(n.extra % 64);
        if (n.width > 64) return push(Code::wide_slice, shift, at(n.a) + word, last_bits, words_a - word);
        const Code code = shift + n.width > 64 ? Code::slice_across : Code::slice;
        p_.code.push_back({code, static_cast<std::uint8_t>(shift), d, at(n.a) + word, 0, 0, mask(n.width)});
        return;
      }
      case Op::zero_extend:
      case Op::concat: {
        push(Code::clear, 0, 0, 0, 0);
        int low = 0;
        for (const Part& part : parts(n.op == Op::concat ? p : resolve({p.scope, n.a}))) {
          p_.code.push_back({Code::deposit, static_cast<std::uint8_t>(low % 64), d + static_cast<Slot>(low / 64),
                             slot(part.place), 0, words_of(width(part.place)), 0});
          low += part.width;
        }
        return;
      }
      default:
        throw InterpreterError(fmt::format("{} is too wide for arithmetic", describe(p)));
    }
  }

  // --- what the network is computed for ---------------------------------------------------------------------------
  void connect_state() {
    std::size_t r = 0, k = 0;
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      for (const RegInfo& info : m.regs()) {
        Register& reg = p_.registers[r++];
        reg.first_update = static_cast<std::uint32_t>(p_.updates.size());
        reg.updates = static_cast<std::uint32_t>(info.updates.size());
        for (const RegUpdate& u : info.updates) p_.updates.push_back({need(s, u.enable), need(s, u.data)});
      }
      for (const MemoryInfo& mem : m.memories()) {
        MemoryState& state = p_.memories[k++];
        state.write = {need(s, mem.write_enable), need(s, mem.write_address), need(s, mem.write_data)};
        state.read.enable = need(s, mem.read_enable), state.read.address = need(s, mem.read_address);
      }
    }
    for (std::uint32_t s = 1; s < p_.scopes.size(); ++s) {
      const Scope& scope = p_.scopes[s];
      const InstanceInfo& info = p_.scopes[scope.parent].module->instances()[scope.instance];
      if (info.reset != no_id) p_.domains[scope.domain].reset = need(scope.parent, info.reset);
      if (info.clock_enable != no_id) p_.domains[scope.domain].clock_enable = need(scope.parent, info.clock_enable);
    }
    for (const Port& port : p_.scopes[0].module->ports()) p_.ports.push_back(need(0, port.node));
  }

  void add_checks() {
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      for (const StreamCheck& c : m.stream_checks()) {
        StreamState state{fmt::format("{}: stream {}", p_.scopes[s].path, c.name),
                          need(s, c.valid),
                          need(s, c.ready),
                          {},
                          p_.scopes[s].domain};
        for (Id id : c.payload)
          for (Slot first = need(s, id), w = 0; w < words_of(m.width(id)); ++w) state.payload.push_back(first + w);
        p_.streams.push_back(std::move(state));
      }
      for (const Assertion& a : m.assertions())
        p_.assertions.push_back(
            {fmt::format("{}: {}", p_.scopes[s].path, a.name), need(s, a.condition), p_.scopes[s].domain});
    }
  }

  // Every named net and every tap can be looked at, and every node that shares its word with another gets the number of
  // that word.
  void name_nets() {
    for (std::uint32_t s = 0; s < p_.scopes.size(); ++s) {
      const Module& m = *p_.scopes[s].module;
      for (Id id = 0; id < m.nodes().size(); ++id)
        if (!m.name_of(id).empty()) {
          const Slot found = need(s, id);
          slot({s, id}) = found;
        }
      for (const Tap& tap : m.taps()) {
        const auto show = [&](Id id) {
          const Slot found = need(s, id);
          if (id != no_id) slot({s, id}) = found;
        };
        show(tap.valid), show(tap.ready);
        for (const TapField& field : tap.fields) show(field.node);
      }
    }
  }

  Program p_;
  std::size_t total_nodes_ = 0;
  std::vector<bool> open_;
  std::vector<std::uint32_t> first_memory_;  // of every scope
};

}  // namespace

Program elaborate(const Module& top) { return Elaborator(top).take(); }

}  // namespace quillgen::interp
