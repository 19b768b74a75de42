#include "fuzz/random_netlist.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "passes/operands.hpp"

namespace quillgen::fuzz {

using namespace hdl;

namespace {

class Generator {
 public:
  Generator(Design& design, std::uint64_t seed, std::string prefix)
      : design_(design), random_(seed), gates_(seed), prefix_(std::move(prefix)) {}

  const Module& build(int level) {
    std::vector<const Module*> children;
    for (int i = 0; level > 0 && i < pick(3); ++i)
      children.push_back(&Generator(design_, random_(), fmt::format("{}_{}", prefix_, i)).build(level - 1));
    return design_.module(prefix_ + (level > 0 ? "_top" : "_leaf"), [&](Module& m) {
      m_ = &m;
      fill(children, level > 0 ? 10 + pick(40) : 5 + pick(20));
    });
  }

 private:
  // A value that may be read. rank: the wires it depends on in the same cycle all have numbers below it.
  struct Value {
    Id id;
    int rank;
  };
  struct Pending {
    Id wire;
    int rank;
  };

  // --- choices ----------------------------------------------------------------------------------------------------
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool chance(int percent) { return pick(100) < percent; }
  int any_width() {
    const int kind = pick(100);
    if (kind < 32) return 1;
    if (kind < 70) return 2 + pick(7);
    if (kind < 88) return 9 + pick(24);
    if (kind < 95) return 33 + pick(32);
    return 65 + pick(136);
  }
  Value any() {
    const int n = static_cast<int>(pool_.size());
    return pool_[static_cast<std::size_t>(chance(40) ? pick(n) : n - 1 - pick(std::min(n, 8)))];
  }
  std::string next_name(const char* stem) { return fmt::format("{}{}", stem, names_++); }
  int width(Value v) const { return m_->width(v.id); }

  // --- making values ----------------------------------------------------------------------------------------------
  Value make(Op op, int w, Value a, Value b = {no_id, 0}, Value c = {no_id, 0}, std::uint64_t extra = 0) {
    return {m_->make(op, w, a.id, b.id, c.id, extra, Here::current()), std::max({a.rank, b.rank, c.rank})};
  }
  Value constant(int w) {
    const int bits = std::min(w, 64);
    const int kind = pick(4);
    const std::uint64_t v = kind == 0 ? 0 : kind == 1 ? ~std::uint64_t{0} : kind == 2 ? pick(4) : random_();
    return fitted({m_->constant(v & mask(bits), bits, Here::current()), 0}, w);
  }
  /// The value brought to a width.
  Value fitted(Value v, int w) {
    if (width(v) == w) return v;
    if (width(v) > w)
      return make(Op::slice, w, v, {no_id, 0}, {no_id, 0},
                  chance(50) ? 0u : static_cast<unsigned>(pick(width(v) - w + 1)));
    return make(chance(50) ? Op::zero_extend : Op::sign_extend, w, v);
  }
  Value some(int w) { return chance(12) ? constant(w) : fitted(any(), w); }
  Value both(Op op, Value a, Value b) { return make(op, 1, a, b); }
  Value inverted(Value a) { return make(Op::bit_not, width(a), a); }
  Value choose(Value c, Value a, Value b) { return make(Op::mux, width(a), c, a, b); }

  void add(Value v) {
    if (chance(25) && m_->node(v.id).op != Op::constant) v.id = m_->set_name(v.id, next_name("n"), Here::current());
    pool_.push_back(v);
  }

  void operation() {
    const Value a = any();
    const int w = width(a);
    const bool small = w <= 64;
    switch (pick(16)) {
      case 0:
        return add(inverted(a));
      case 1:
      case 2:
        return add(
            make(std::array{Op::bit_and, Op::bit_or, Op::bit_xor}[static_cast<std::size_t>(pick(3))], w, a, some(w)));
      case 3:
        if (small) return add(make(Op::add, w, a, some(w)));
        return;
      case 4:
        if (small) return add(make(Op::sub, w, some(w), a));
        return;
      case 5:  // a sum with its carry, as the typed operators write it
        if (w < 64) {
          const Op extend = chance(50) ? Op::zero_extend : Op::sign_extend;
          const Value b = some(w);
          return add(make(chance(50) ? Op::add : Op::sub, w + 1, make(extend, w + 1, a), make(extend, w + 1, b)));
        }
        return;
      case 6: {
        const int wb = 1 + pick(20);
        if (w + wb <= 64) add(make(chance(50) ? Op::mul_unsigned : Op::mul_signed, w + wb, a, some(wb)));
        return;
      }
      case 7:
        return add(make(Op::equal, 1, a, some(w)));
      case 8:
        if (small) add(make(chance(50) ? Op::less_unsigned : Op::less_signed, 1, a, some(w)));
        return;
      case 9:
        if (small) add(make(chance(50) ? Op::less_unsigned : Op::less_signed, 1, some(w), a));
        return;
      case 10:
        if (small) {
          const Op op =
              std::array{Op::shift_left, Op::shift_right, Op::shift_right_signed}[static_cast<std::size_t>(pick(3))];
          add(make(op, w, a, some(1 + pick(8))));
        }
        return;
      case 11:
        return add(make(Op::mux, w, some(1), a, some(w)));
      case 12: {
        const int part = 1 + pick(w);
        return add(make(Op::slice, part, a, {no_id, 0}, {no_id, 0}, static_cast<unsigned>(pick(w - part + 1))));
      }
      case 13: {
        const Value b = any();
        if (w + width(b) <= 200) add(make(Op::concat, w + width(b), a, b));
        return;
      }
      case 14:
        if (w < 200) add(make(chance(50) ? Op::zero_extend : Op::sign_extend, w + 1 + pick(200 - w), a));
        return;
      default:
        return table();
    }
  }

  void table() {
    const Value address = some(1 + pick(6));
    const int w = 1 + pick(chance(20) ? 64 : 12);
    std::vector<std::uint64_t> entries;
    for (int i = pick((1 << width(address)) + 1); i > 0; --i) entries.push_back(random_() & mask(w));
    add({m_->rom(std::move(entries), w, address.id, Here::current()), address.rank});
  }

  // --- state ------------------------------------------------------------------------------------------------------
  void declare_registers() {
    for (int i = pick(6); i > 0; --i) {
      const int w = any_width();
      std::optional<std::uint64_t> reset;
      if (chance(60)) reset = random_() & mask(std::min(w, 64));
      registers_.push_back(m_->add_reg(next_name("r"), w, reset, Here::current()));
      pool_.push_back({registers_.back(), 0});
    }
  }
  void update_registers() {
    for (Id r : registers_) {
      const auto& updates = m_->reg_of(r).updates;
      auto open = [&] { return updates.empty() || updates.back().enable != no_id; };  // no constantly true one yet
      const int w = m_->width(r);
      if (!m_->reg_of(r).reset) m_->update_reg(r, init_.id, fitted(init_index_, w).id, Here::current());
      for (int i = pick(3); i > 0 && open(); --i) m_->update_reg(r, some(1).id, some(w).id, Here::current());
      if (updates.empty() || (chance(50) && open())) m_->update_reg(r, no_id, some(w).id, Here::current());
    }
  }

  // The address, or 0 where the memory has no word of that address.
  Value within(Value address, int depth) {
    if (depth == 1 << width(address)) return address;
    const Value end{m_->constant(static_cast<unsigned>(depth), width(address), Here::current()), 0};
    return choose(both(Op::less_unsigned, address, end), address,
                  {m_->constant(0, width(address), Here::current()), 0});
  }

  void memory() {
    const int depth = 2 + pick(15), w = any_width(), latency = pick(2), bits = index_bits(static_cast<unsigned>(depth));
    const auto number = m_->add_memory(next_name("mem"), depth, w, latency, Here::current());
    const Value index = fitted_low(init_index_, bits);
    const Value write = make(Op::bit_or, 1, init_, some(1));
    const Value write_address = within(choose(init_, index, some(bits)), depth);
    const Value data = choose(init_, fitted(init_index_, w), some(w));
    m_->memory_write(number, write.id, write_address.id, data.id, Here::current());
    const Value one{m_->constant(1, bits, Here::current()), 0};
    const Value read_address = within(choose(init_, make(Op::bit_xor, bits, index, one), some(bits)), depth);
    Value read = make(Op::bit_or, 1, init_, some(1));
    if (latency == 1)
      read = make(Op::bit_and, 1, read,
                  inverted(make(Op::bit_and, 1, write, both(Op::equal, read_address, write_address))));
    const Id q = m_->memory_read(number, read.id, read_address.id, Here::current());
    pool_.push_back({q, latency == 1 ? 0 : read_address.rank});
  }
  Value fitted_low(Value v, int w) { return width(v) == w ? v : make(Op::slice, w, v); }

  // A register stage with an output stream, correct by construction.
  void stream() {
    const std::string name = next_name("s");
    const Id ready = m_->add_input(name + "_ready", 1, Here::current());
    const Id full = m_->add_reg(next_name("full"), 1, 0, Here::current());
    const Value data = any();
    const Id held = m_->add_reg(next_name("held"), width(data), 0, Here::current());
    const Value empty = inverted({full, 0});
    Id fill = make(Op::bit_and, 1, empty, some(1)).id;
    if (m_->node(fill).op == Op::constant) fill = empty.id;
    m_->update_reg(held, fill, data.id, Here::current());
    m_->update_reg(full, fill, m_->constant(1, 1, Here::current()), Here::current());
    m_->update_reg(full, ready, m_->constant(0, 1, Here::current()), Here::current());
    m_->add_output(name + "_valid", full, Here::current());
    m_->add_output(name, held, Here::current());
    m_->add_stream_check({name, full, ready, {held}});
    pool_.push_back({ready, 0}), pool_.push_back({held, 0});
  }

  // --- structure --------------------------------------------------------------------------------------------------
  void declare_wires() {
    for (int i = 1; i <= pick(4); ++i) {
      const bool handshake = chance(40);
      const int w = handshake ? 1 : any_width();
      wires_.push_back({m_->add_wire(next_name("w"), w, Here::current(), handshake), i});
      pool_.push_back({wires_.back().wire, i});
    }
  }
  void drive_wires() {
    for (const Pending& p : wires_) {
      std::vector<Value> fitting;
      for (const Value& v : pool_)
        if (v.rank < p.rank) fitting.push_back(v);
      const Value v = fitting[static_cast<std::size_t>(pick(static_cast<int>(fitting.size())))];
      m_->drive_wire(p.wire, fitted(v, m_->width(p.wire)).id, Here::current());
    }
  }

  void instance(const Module& child) {
    const auto number = m_->add_instance(next_name("u"), child, Here::current());
    int rank = 0;
    for (const Port& p : child.ports()) {
      if (!p.is_input) continue;
      const Value v = p.name == "init" ? init_ : p.name == "init_index" ? init_index_ : some(p.width);
      rank = std::max(rank, v.rank);
      m_->connect_input(number, p.name, v.id, Here::current());
    }
    for (const Port& p : child.ports())
      if (!p.is_input) pool_.push_back({m_->instance_output(number, p.name, Here::current()), rank});
    if (child.has_reset() && chance(25)) {
      const Id clear = m_->add_reg(next_name("clear"), 1, static_cast<std::uint64_t>(pick(2)), Here::current());
      m_->update_reg(clear, no_id, both(Op::bit_and, some(1), some(1)).id, Here::current());
      m_->connect_reset(number, clear, Here::current());
    }
    if (child.has_clock() && gates_() % 3 == 0) {  // runs while memories are filled
      const Id run = m_->add_reg(next_name("run"), 1, gates_() % 2, Here::current());
      const Value pulse = make(Op::slice, 1, init_index_, {no_id, 0}, {no_id, 0}, gates_() % 4);
      m_->update_reg(run, no_id, make(Op::bit_or, 1, init_, pulse).id, Here::current());
      m_->connect_clock_enable(number, run, Here::current());
    }
  }

  void outputs() {
    for (int i = 1 + pick(3); i > 0; --i) {
      const Id id = chance(90) ? any().id : constant(any_width()).id;
      const std::string own = m_->name_of(id);
      const bool same_name = !own.empty() && chance(40) && m_->port_index(own) < 0;
      m_->add_output(same_name ? own : next_name("q"), id, Here::current());
    }
  }

  // What nothing reads yet goes into a last output, or is discarded.
  void leftovers() {
    std::vector<Signal> rest;
    Id all = no_id;
    for (std::size_t i = pool_.size(); i-- > 0;) {
      if (passes::live_nodes(*m_)[pool_[i].id]) continue;
      const Id id = pool_[i].id;
      if (chance(20)) {
        m_->discard(id);
      } else if (all == no_id) {
        all = id;
      } else {
        all = m_->make(Op::concat, m_->width(all) + m_->width(id), id, all, no_id, 0, Here::current());
      }
    }
    if (all == no_id) all = init_.id;
    m_->add_output("rest", all, Here::current());
  }

  void fill(const std::vector<const Module*>& children, int operations) {
    if (chance(50))
      m_->describe(
          "Random operations; the text of this sentence is long enough to be wrapped, since "
          "headers are wrapped at the same column as everything else in the file.");
    if (chance(50)) m_->parameter("operations", operations);
    init_ = {m_->add_input("init", 1, Here::current()), 0};
    init_index_ = {m_->add_input("init_index", 4, Here::current()), 0};
    for (int i = 1 + pick(4); i > 0; --i)
      pool_.push_back({m_->add_input(next_name("a"), any_width(), Here::current()), 0});
    declare_registers();
    declare_wires();
    for (int i = 0; i < operations; ++i) {
      if (chance(4)) m_->note("A remark.");
      if (chance(6)) memory();
      if (chance(2)) stream();
      if (!children.empty() && chance(8))
        instance(*children[static_cast<std::size_t>(pick(static_cast<int>(children.size())))]);
      operation();
    }
    for (const Module* child : children)
      if (chance(50)) instance(*child);
    if (chance(40)) {  // always true: a & b never exceeds a
      const Value a = some(1 + pick(20)), b = some(width(a));
      const Value excess = both(Op::less_unsigned, a, make(Op::bit_and, width(a), a, b));
      m_->add_assertion("a & b stays below a, and the text may have commas : or + signs", inverted(excess).id);
    }
    update_registers();
    drive_wires();
    outputs();
    pool_.push_back(init_), pool_.push_back(init_index_);
    leftovers();
  }

  Design& design_;
  std::mt19937_64 random_, gates_;  // gates_: of clock gates, which came later and change nothing else
  std::string prefix_;
  Module* m_ = nullptr;
  std::vector<Value> pool_;
  std::vector<Id> registers_;
  std::vector<Pending> wires_;
  Value init_{}, init_index_{};
  int names_ = 0;
};

}  // namespace

const Module& random_netlist(Design& design, std::uint64_t seed) {
  return Generator(design, seed, fmt::format("n{}", seed)).build(1);
}

}  // namespace quillgen::fuzz
