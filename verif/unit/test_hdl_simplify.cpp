// The simplifications made while a netlist is built keep its meaning: random graphs of all pure operations, with many
// constants, shared operands and parts of parts, against the same graphs evaluated bit by bit without the netlist.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "hdl/build.hpp"
#include "interp/interpreter.hpp"

using namespace quillgen::hdl;
using quillgen::interp::Interpreter;

namespace {

using Bits = std::vector<bool>;  // lowest first

std::uint64_t number(const Bits& v) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < v.size() && i < 64; ++i) n |= std::uint64_t{v[i]} << i;
  return n;
}
Bits bits_of(std::uint64_t n, int width) {
  Bits v;
  for (int i = 0; i < width; ++i) v.push_back(i < 64 && (n >> i & 1) != 0);
  return v;
}
Bits extended(Bits v, int width, bool sign) {
  v.resize(static_cast<std::size_t>(width), sign && v.back());
  return v;
}
Bits plus(const Bits& a, const Bits& b, bool carry) {
  Bits sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum.push_back(a[i] ^ b[i] ^ carry);
    carry = (a[i] && b[i]) || (carry && (a[i] || b[i]));
  }
  return sum;
}
Bits inverted(Bits a) {
  a.flip();
  return a;
}
Bits product(Bits a, Bits b, int width, bool sign) {
  a = extended(a, width, sign), b = extended(b, width, sign);
  Bits sum(static_cast<std::size_t>(width), false);
  for (int i = 0; i < width; ++i) {
    if (!b[static_cast<std::size_t>(i)]) continue;
    Bits shifted(static_cast<std::size_t>(i), false);
    shifted.insert(shifted.end(), a.begin(), a.end() - i);
    sum = plus(sum, shifted, false);
  }
  return sum;
}
bool less(Bits a, Bits b, bool sign) {
  if (sign) a.back() = !a.back(), b.back() = !b.back();
  for (std::size_t i = a.size(); i-- > 0;)
    if (a[i] != b[i]) return b[i];
  return false;
}

/// A node as it was asked for, whatever the netlist made of it.
struct Shadow {
  Op op;
  int width;
  int a = -1, b = -1, c = -1;
  std::uint64_t extra = 0;
  Id id = no_id;
};

Bits evaluate_shadow(const Shadow& n, const std::vector<Bits>& v) {
  auto at = [&](int i) -> const Bits& { return v[static_cast<std::size_t>(i)]; };
  const auto w = static_cast<std::size_t>(n.width);
  Bits r(w, false);
  switch (n.op) {
    case Op::constant:
      return bits_of(n.extra, n.width);
    case Op::bit_not:
      return inverted(at(n.a));
    case Op::bit_and:
      for (std::size_t i = 0; i < w; ++i) r[i] = at(n.a)[i] && at(n.b)[i];
      return r;
    case Op::bit_or:
      for (std::size_t i = 0; i < w; ++i) r[i] = at(n.a)[i] || at(n.b)[i];
      return r;
    case Op::bit_xor:
      for (std::size_t i = 0; i < w; ++i) r[i] = at(n.a)[i] != at(n.b)[i];
      return r;
    case Op::add:
      return plus(at(n.a), at(n.b), false);
    case Op::sub:
      return plus(at(n.a), inverted(at(n.b)), true);
    case Op::mul_unsigned:
    case Op::mul_signed:
      return product(at(n.a), at(n.b), n.width, n.op == Op::mul_signed);
    case Op::equal:
      return {at(n.a) == at(n.b)};
    case Op::less_unsigned:
    case Op::less_signed:
      return {less(at(n.a), at(n.b), n.op == Op::less_signed)};
    case Op::shift_left:
      for (std::size_t i = 0; i < w; ++i) r[i] = i >= number(at(n.b)) && at(n.a)[i - number(at(n.b))];
      return r;
    case Op::shift_right:
    case Op::shift_right_signed:
      for (std::size_t i = 0; i < w; ++i)
        r[i] =
            i + number(at(n.b)) < w ? at(n.a)[i + number(at(n.b))] : n.op == Op::shift_right_signed && at(n.a).back();
      return r;
    case Op::mux:
      return at(n.a)[0] ? at(n.b) : at(n.c);
    case Op::slice:
      for (std::size_t i = 0; i < w; ++i) r[i] = at(n.a)[i + n.extra];
      return r;
    case Op::concat:
      r = at(n.b);
      r.insert(r.end(), at(n.a).begin(), at(n.a).end());
      return r;
    case Op::zero_extend:
    case Op::sign_extend:
      return extended(at(n.a), n.width, n.op == Op::sign_extend);
    default:
      return r;
  }
}

class RandomGraph {
 public:
  RandomGraph(std::uint64_t seed, int nodes, int widest) : random_(seed), widest_(widest) {
    for (int i = 0; i < 4; ++i) {
      const int width = 1 + pick(i == 3 ? widest : std::min(widest, 8));
      list_.push_back({Op::input, width, -1, -1, -1, 0, m_.add_input(fmt::format("in{}", i), width, Here::current())});
    }
    while (static_cast<int>(list_.size()) < nodes) add();
    for (std::size_t i = 0; i < list_.size(); ++i) m_.add_output(fmt::format("q{}", i), list_[i].id, Here::current());
  }

  /// Compares all nodes on random inputs; returns the number of values compared.
  int run(int rounds, std::uint64_t seed) {
    Interpreter sim(m_);
    int compared = 0;
    for (int round = 0; round < rounds; ++round) {
      std::vector<Bits> v;
      for (const Shadow& n : list_) {
        if (n.op == Op::input) {
          Bits in;
          const int kind = pick(4);
          for (int i = 0; i < n.width; ++i) in.push_back(kind == 0 ? false : kind == 1 ? true : pick(2) != 0);
          std::vector<std::uint64_t> words;
          for (int low = 0; low < n.width; low += 64)
            words.push_back(number(Bits(in.begin() + low, in.begin() + std::min(low + 64, n.width))));
          sim.set_wide(static_cast<int>(v.size()), words);
          v.push_back(in);
        } else {
          v.push_back(evaluate_shadow(n, v));
        }
      }
      for (std::size_t i = 0; i < list_.size(); ++i, ++compared) {
        const auto words = sim.get_wide(4 + static_cast<int>(i));
        for (int b = 0; b < list_[i].width; ++b)
          if ((words[static_cast<std::size_t>(b) / 64] >> (b % 64) & 1) != v[i][static_cast<std::size_t>(b)])
            FAIL(fmt::format("seed {}: node {} ({}, {} bits) differs in bit {}", seed, i, op_name(list_[i].op),
                             list_[i].width, b));
      }
    }
    return compared;
  }
  std::size_t kept() const { return m_.nodes().size(); }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  int width(int i) const { return list_[static_cast<std::size_t>(i)].width; }
  // Recent nodes more often than old ones, so that graphs grow deep.
  int any() {
    const int n = static_cast<int>(list_.size());
    return pick(3) == 0 ? pick(n) : n - 1 - pick(std::min(n, 6));
  }

  int push(Op op, int w, int a = -1, int b = -1, int c = -1, std::uint64_t extra = 0) {
    auto id = [&](int i) { return i < 0 ? no_id : list_[static_cast<std::size_t>(i)].id; };
    const Id made = op == Op::constant ? m_.constant(extra, w, Here::current())
                                       : m_.make(op, w, id(a), id(b), id(c), extra, Here::current());
    list_.push_back({op, w, a, b, c, extra, made});
    if (pick(12) == 0 && m_.name_of(made).empty()) m_.set_name(made, fmt::format("n{}", list_.size()), Here::current());
    return static_cast<int>(list_.size()) - 1;
  }
  int constant(int w) {
    w = std::min(w, 64);
    const int kind = pick(5);
    const std::uint64_t v = kind == 0 ? 0 : kind == 1 ? ~std::uint64_t{0} : kind == 2 ? 1 : random_();
    return push(Op::constant, w, -1, -1, -1, v & mask(w));
  }
  // A node brought to a width by one of the ways there are; now and then a constant instead.
  int fitted(int i, int w) {
    if (w <= 64 && pick(5) == 0) return constant(w);
    if (width(i) == w) return i;
    if (width(i) > w)
      return push(Op::slice, w, i, -1, -1, static_cast<std::uint64_t>(pick(3) == 0 ? 0 : pick(width(i) - w + 1)));
    return push(pick(2) != 0 ? Op::zero_extend : Op::sign_extend, w, i);
  }

  void add() {
    const int a = any(), w = width(a);
    const int b = pick(6) == 0 ? a : any();
    const bool small = w <= 64;
    switch (pick(15)) {
      case 0:
        push(Op::bit_not, w, a);
        break;
      case 1:
        push(std::array{Op::bit_and, Op::bit_or, Op::bit_xor}[static_cast<std::size_t>(pick(3))], w, a, fitted(b, w));
        break;
      case 2:
        if (small) push(Op::add, w, a, fitted(b, w));
        break;
      case 3:
        if (small) push(Op::sub, w, pick(2) != 0 ? a : fitted(b, w), fitted(b, w));
        break;
      case 4:
        if (w + width(b) <= 64) push(pick(2) != 0 ? Op::mul_unsigned : Op::mul_signed, w + width(b), a, b);
        break;
      case 5:
        push(Op::equal, 1, a, fitted(b, w));
        break;
      case 6:
        if (small) push(pick(2) != 0 ? Op::less_unsigned : Op::less_signed, 1, a, fitted(b, w));
        break;
      case 7:
        if (small) push(Op::less_unsigned, 1, fitted(b, w), a);
        break;
      case 8:
        if (small && width(b) <= 16)
          push(std::array{Op::shift_left, Op::shift_right, Op::shift_right_signed}[static_cast<std::size_t>(pick(3))],
               w, a, b);
        break;
      case 9:
      case 10: {
        int c = fitted(any(), 1);
        push(Op::mux, w, c, a, fitted(b, w));
        break;
      }
      case 11:
      case 12: {
        const int part = 1 + pick(w);
        push(Op::slice, part, a, -1, -1, static_cast<std::uint64_t>(pick(2) != 0 ? 0 : pick(w - part + 1)));
        break;
      }
      case 13:
        if (w + width(b) <= widest_) push(Op::concat, w + width(b), a, b);
        break;
      default:
        if (w < widest_) push(pick(2) != 0 ? Op::zero_extend : Op::sign_extend, std::min(w + 1 + pick(8), widest_), a);
    }
  }

  Module m_{"graph"};
  std::mt19937_64 random_;
  int widest_;
  std::vector<Shadow> list_;
};

void run_graphs(std::uint64_t first, int count, int nodes, int widest, int rounds) {
  int compared = 0;
  std::size_t kept = 0;
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count); ++seed) {
    RandomGraph graph(seed, nodes, widest);
    compared += graph.run(rounds, seed);
    kept += graph.kept();
  }
  MESSAGE(fmt::format("{} values compared; {} nodes became {}", compared, count * nodes, kept));
}

}  // namespace

TEST_CASE("random graphs of narrow values") { run_graphs(1, 1500, 60, 6, 24); }
TEST_CASE("random graphs of up to 64 bits") { run_graphs(10001, 500, 60, 64, 16); }
TEST_CASE("random graphs of wide values") { run_graphs(20001, 500, 60, 200, 12); }
