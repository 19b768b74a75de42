#include "interp/interpreter.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <random>

namespace quillgen::interp {

using hdl::mask;
using hdl::Module;

namespace {

std::int64_t as_signed(std::uint64_t v, unsigned unused) { return static_cast<std::int64_t>(v << unused) >> unused; }

}  // namespace

Interpreter::Interpreter(const Module& top, std::uint64_t seed) : program_(elaborate(top)), values_(program_.values) {
  next_.resize(program_.state_end - program_.state_begin);
  for (const MemoryState& m : program_.memories) contents_.emplace_back(m.depth * m.words, 0);
  for (const StreamState& s : program_.streams) held_.push_back({false, std::vector<std::uint64_t>(s.payload.size())});
  if (seed != 0) randomise(seed);
}

void Interpreter::randomise(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto fill = [&](std::uint64_t* first, std::uint32_t words, int width) {
    for (std::uint32_t w = 0; w < words; ++w) first[w] = random();
    first[words - 1] &= mask((width - 1) % 64 + 1);
  };
  for (const Register& r : program_.registers) fill(&values_[r.q], r.words, r.width);
  for (std::size_t m = 0; m < contents_.size(); ++m) {
    const MemoryState& state = program_.memories[m];
    for (std::uint64_t i = 0; i < state.depth; ++i) fill(&contents_[m][i * state.words], state.words, state.width);
    if (state.read.data != no_slot) fill(&values_[state.read.data], state.words, state.width);
  }
}

void Interpreter::fail(const std::string& what) const {
  throw InterpreterError(fmt::format("cycle {}: {}", cycle_, what));
}

// --- ports and nets -------------------------------------------------------------------------------------------------
int Interpreter::port(std::string_view name) const {
  const int i = top().port_index(std::string(name));
  if (i < 0) throw InterpreterError(fmt::format("{} has no port \"{}\"", top().name(), name));
  return i;
}

void Interpreter::set(int port, std::uint64_t value) {
  const hdl::Port& p = port_info(port);
  if (!p.is_input) throw InterpreterError(fmt::format("port {} is an output", p.name));
  if ((value & ~mask(p.width)) != 0)
    throw InterpreterError(fmt::format("{} does not fit the {} bits of port {}", value, p.width, p.name));
  const Slot first = port_slot(port);
  values_[first] = value;
  std::fill_n(&values_[first] + 1, words_of(p.width) - 1, 0);
  dirty_ = true;
}

void Interpreter::set_wide(int port, const std::vector<std::uint64_t>& words) {
  const hdl::Port& p = port_info(port);
  if (!p.is_input) throw InterpreterError(fmt::format("port {} is an output", p.name));
  const std::uint32_t count = words_of(p.width);
  if (words.size() > count || (words.size() == count && (words.back() & ~mask((p.width - 1) % 64 + 1)) != 0))
    throw InterpreterError(fmt::format("the value does not fit the {} bits of port {}", p.width, p.name));
  const Slot first = port_slot(port);
  for (std::uint32_t w = 0; w < count; ++w) values_[first + w] = w < words.size() ? words[w] : 0;
  dirty_ = true;
}

std::uint64_t Interpreter::get(int port) {
  const hdl::Port& p = port_info(port);
  if (p.width > 64) throw InterpreterError(fmt::format("port {} has {} bits; use get_wide", p.name, p.width));
  settle();
  return values_[port_slot(port)];
}

std::int64_t Interpreter::get_signed(int port) {
  return as_signed(get(port), 64u - static_cast<unsigned>(width(port)));
}

std::vector<std::uint64_t> Interpreter::words(Net n) const {
  return {&values_[n.slot], &values_[n.slot] + words_of(n.width)};
}

std::vector<std::uint64_t> Interpreter::get_wide(int port) {
  settle();
  return words({port_slot(port), width(port)});
}

const Scope& Interpreter::scope(std::string_view path) const {
  const auto it = program_.scope_by_path.find(path.empty() ? top().name() : fmt::format("{}.{}", top().name(), path));
  if (it == program_.scope_by_path.end())
    throw InterpreterError(fmt::format("{} has no instance \"{}\"", top().name(), path));
  return program_.scopes[it->second];
}

Interpreter::Net Interpreter::net(std::string_view path, std::string_view name) const {
  const Scope& scope = this->scope(path);
  const Module& m = *scope.module;
  for (hdl::Id id = 0; id < m.nodes().size(); ++id)
    if (m.name_of(id) == name) return {program_.slots[scope.base + id], m.width(id)};
  throw InterpreterError(fmt::format("{} has no net \"{}\"", scope.path, name));
}

std::uint64_t Interpreter::peek(std::string_view path, std::string_view name) {
  const Net n = net(path, name);
  if (n.width > 64) throw InterpreterError(fmt::format("net {} has {} bits; use peek_wide", name, n.width));
  settle();
  return values_[n.slot];
}

std::uint64_t Interpreter::peek_tap(std::string_view path, hdl::Id node) {
  const Slot slot = program_.slots.at(scope(path).base + node);
  if (slot == no_slot) throw InterpreterError(fmt::format("node {} of \"{}\" belongs to no tap", node, path));
  settle();
  return values_[slot];
}

std::vector<std::uint64_t> Interpreter::peek_wide(std::string_view path, std::string_view name) {
  const Net n = net(path, name);
  settle();
  return words(n);
}

// --- combinational network ------------------------------------------------------------------------------------------
void Interpreter::settle() {
  if (!dirty_) return;
  dirty_ = false;
  if (asynchronous_) reset_at_once();
  std::uint64_t* const v = values_.data();
  for (const Instruction& i : program_.code) {
    const std::uint64_t a = v[i.a];
    switch (i.code) {
      case Code::bit_not:
        v[i.d] = ~a & i.mask;
        break;
      case Code::bit_and:
        v[i.d] = a & v[i.b];
        break;
      case Code::bit_or:
        v[i.d] = a | v[i.b];
        break;
      case Code::bit_xor:
        v[i.d] = a ^ v[i.b];
        break;
      case Code::add:
        v[i.d] = (a + v[i.b]) & i.mask;
        break;
      case Code::sub:
        v[i.d] = (a - v[i.b]) & i.mask;
        break;
      case Code::mul:
        v[i.d] = a * v[i.b] & i.mask;
        break;
      case Code::mul_signed:
        v[i.d] = static_cast<std::uint64_t>(as_signed(a, i.shift) * as_signed(v[i.b], i.c)) & i.mask;
        break;
      case Code::equal:
        v[i.d] = a == v[i.b];
        break;
      case Code::less_unsigned:
        v[i.d] = a < v[i.b];
        break;
      case Code::less_signed:
        v[i.d] = as_signed(a, i.shift) < as_signed(v[i.b], i.shift);
        break;
      case Code::shift_left:
        v[i.d] = v[i.b] > 63 ? 0 : (a << v[i.b]) & i.mask;
        break;
      case Code::shift_right:
        v[i.d] = v[i.b] > 63 ? 0 : a >> v[i.b];
        break;
      case Code::shift_right_signed:
        v[i.d] = static_cast<std::uint64_t>(as_signed(a, i.shift) >> std::min<std::uint64_t>(v[i.b], 63)) & i.mask;
        break;
      case Code::mux:
        v[i.d] = a ? v[i.b] : v[i.c];
        break;
      case Code::slice:
        v[i.d] = (a >> i.shift) & i.mask;
        break;
      case Code::slice_across:
        v[i.d] = (a >> i.shift | v[i.a + 1] << (64 - i.shift)) & i.mask;
        break;
      case Code::concat:
        v[i.d] = a << i.shift | v[i.b];
        break;
      case Code::sign_extend:
        v[i.d] = static_cast<std::uint64_t>(as_signed(a, i.shift)) & i.mask;
        break;
      case Code::rom:
        v[i.d] = (*program_.roms[i.c])[a];
        break;
      default:
        run_wide(i);
    }
  }
}

void Interpreter::run_wide(const Instruction& i) {
  std::uint64_t* const d = &values_[i.d];
  const std::uint64_t* const a = &values_[i.a];
  // b and c are slots in some instructions only, counts in others.
  const auto at = [&](Slot slot) { return static_cast<const std::uint64_t*>(&values_[slot]); };
  const std::uint64_t words = i.mask;
  const auto combine = [&](auto operation) { std::transform(a, a + words, at(i.b), d, operation); };
  switch (i.code) {
    case Code::memory: {
      const MemoryState& m = program_.memories[i.c];
      if (*a < m.depth) std::copy_n(&contents_[i.c][*a * m.words], m.words, d);
      else std::fill_n(d, m.words, 0);
      break;
    }
    case Code::clear:
      std::fill_n(d, words, 0);
      break;
    case Code::deposit:
      for (std::uint32_t w = 0; w < i.c; ++w) {
        d[w] |= a[w] << i.shift;
        const std::uint64_t carry = i.shift == 0 ? 0 : a[w] >> (64 - i.shift);
        if (carry != 0) d[w + 1] |= carry;
      }
      break;
    case Code::wide_not:
      for (std::uint64_t w = 0; w < words; ++w) d[w] = ~a[w];
      d[words - 1] &= mask(static_cast<int>(i.b));
      break;
    case Code::wide_and:
      combine(std::bit_and<>());
      break;
    case Code::wide_or:
      combine(std::bit_or<>());
      break;
    case Code::wide_xor:
      combine(std::bit_xor<>());
      break;
    case Code::wide_equal:
      *d = std::equal(a, a + i.c, at(i.b));
      break;
    case Code::wide_mux:
      std::copy_n(at(*a ? i.b : i.c), words, d);
      break;
    case Code::wide_slice:
      for (std::uint64_t w = 0; w < words; ++w) {
        d[w] = a[w] >> i.shift;
        if (i.shift != 0 && w + 1 < i.c) d[w] |= a[w + 1] << (64 - i.shift);
      }
      d[words - 1] &= mask(static_cast<int>(i.b));
      break;
    case Code::wide_sign_extend: {
      const bool negative = (a[i.c - 1] >> i.shift & 1) != 0;
      for (std::uint64_t w = 0; w < words; ++w) d[w] = w < i.c ? a[w] : negative ? ~std::uint64_t{0} : 0;
      if (negative) d[i.c - 1] |= ~mask(i.shift + 1);
      d[words - 1] &= mask(static_cast<int>(i.b));
      break;
    }
    default:
      fail("unknown instruction");
  }
}

// --- checks ---------------------------------------------------------------------------------------------------------
void Interpreter::check_streams() {
  for (std::size_t k = 0; k < held_.size(); ++k) {
    const StreamState& s = program_.streams[k];
    Held& held = held_[k];
    if (in_reset_[s.domain]) held.waiting = false;
    if (in_reset_[s.domain] || stopped_[s.domain]) continue;
    const bool valid = values_[s.valid] != 0;
    if (held.waiting) {
      if (!valid) fail(s.path + " was withdrawn (valid fell) while it was waiting");
      for (std::size_t w = 0; w < s.payload.size(); ++w)
        if (values_[s.payload[w]] != held.payload[w]) fail(s.path + " changed while it was waiting");
    }
    held.waiting = valid && values_[s.ready] == 0;
    if (held.waiting)
      for (std::size_t w = 0; w < s.payload.size(); ++w) held.payload[w] = values_[s.payload[w]];
  }
}

void Interpreter::check_assertions() const {
  for (const AssertionState& a : program_.assertions)
    if (!in_reset_[a.domain] && !stopped_[a.domain] && values_[a.condition] == 0)
      fail(fmt::format("assertion {} does not hold", a.path));
}

void Interpreter::check_memories() const {
  auto used = [&](const MemoryPort& p) { return p.enable != no_slot && values_[p.enable] != 0; };
  for (const MemoryState& m : program_.memories)
    if (m.latency == 1 && !stopped_[m.domain] && used(m.read) && used(m.write) &&
        values_[m.read.address] == values_[m.write.address])
      fail(fmt::format("memory {} reads address {} while it is written", m.path, values_[m.read.address]));
}

// --- reset and clock ------------------------------------------------------------------------------------------------
// Gates do not nest: a domain with an enable is not within another one with an enable.
void Interpreter::find_domains() {
  in_reset_.assign(program_.domains.size(), reset_);
  stopped_.assign(program_.domains.size(), false);
  for (std::size_t d = 1; d < in_reset_.size(); ++d) {
    const Domain& domain = program_.domains[d];
    const bool own_reset = domain.reset != no_slot && values_[domain.reset] != 0;
    in_reset_[d] = in_reset_[domain.parent] || own_reset;
    const bool runs = asynchronous_ ? own_reset : in_reset_[d];
    stopped_[d] = domain.clock_enable == no_slot ? stopped_[domain.parent] : values_[domain.clock_enable] == 0 && !runs;
  }
}

// A register that resets others may be reset itself: until nothing changes.
void Interpreter::reset_at_once() {
  for (bool again = true; again;) {
    again = false;
    find_domains();
    for (const Register& r : program_.registers) {
      if (!r.has_reset || !in_reset_[r.domain]) continue;
      for (std::uint32_t w = 0; w < r.words; ++w) {
        const std::uint64_t value = w == 0 ? r.reset : 0;
        again = again || values_[r.q + w] != value;
        values_[r.q + w] = value;
      }
    }
  }
}

// --- clock edge -----------------------------------------------------------------------------------------------------
void Interpreter::prepare_registers() {
  for (const Register& r : program_.registers) {
    std::uint64_t* const next = &next_[r.q - program_.state_begin];
    const std::uint64_t* from = &values_[r.q];
    if (r.has_reset && in_reset_[r.domain] && (asynchronous_ || !stopped_[r.domain])) {
      std::fill_n(next, r.words, 0);
      *next = r.reset;
      continue;
    }
    const std::uint32_t updates = stopped_[r.domain] ? 0 : r.updates;
    for (std::uint32_t u = r.first_update; u < r.first_update + updates; ++u) {
      const RegisterUpdate& update = program_.updates[u];
      if (update.enable != no_slot && values_[update.enable] == 0) continue;
      from = &values_[update.data];
      break;
    }
    std::copy_n(from, r.words, next);
  }
}

void Interpreter::prepare_reads() {
  for (std::size_t k = 0; k < contents_.size(); ++k) {
    const MemoryState& m = program_.memories[k];
    if (m.read.data == no_slot) continue;
    std::uint64_t* const next = &next_[m.read.data - program_.state_begin];
    if (values_[m.read.enable] == 0 || stopped_[m.domain]) {
      std::copy_n(&values_[m.read.data], m.words, next);
    } else if (const std::uint64_t address = values_[m.read.address]; address < m.depth) {
      std::copy_n(&contents_[k][address * m.words], m.words, next);
    } else {
      std::fill_n(next, m.words, 0);
    }
  }
}

void Interpreter::write_memories() {
  for (std::size_t k = 0; k < contents_.size(); ++k) {
    const MemoryState& m = program_.memories[k];
    if (m.write.enable == no_slot || values_[m.write.enable] == 0 || stopped_[m.domain]) continue;
    const std::uint64_t address = values_[m.write.address];
    if (address < m.depth) std::copy_n(&values_[m.write.data], m.words, &contents_[k][address * m.words]);
  }
}

void Interpreter::step() {
  settle();
  find_domains();
  check_streams();
  if (!reset_) check_assertions(), check_memories();
  prepare_registers();
  prepare_reads();
  write_memories();
  std::copy(next_.begin(), next_.end(), values_.begin() + program_.state_begin);
  dirty_ = true;
  ++cycle_;
}

}  // namespace quillgen::interp
