// Activations of dense results by 64 linear pieces (NUMERICS.md N15).
#include <fmt/core.h>

#include <cmath>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Of the magnitude u of what goes in: 32 pieces a sixteenth wide, 16 of an eighth, 8 of a half, 8 of one, up to 16. Its
// leading bits choose the piece, the bits behind them the place in it, of place_bits bits in all pieces alike.
constexpr int magnitude_bits = activation_in_bits - 1, piece_index_bits = 6, place_bits = 11;
// Of the table: what the activation falls short by at the begin of a piece, and how much less that is at its end.
constexpr int shortfall_fraction = 15, base_bits = 15, change_bits = 11;

double piece_begin(int piece) {
  return piece < 32   ? piece / 16.0
         : piece < 48 ? 2 + (piece - 32) / 8.0
         : piece < 56 ? 4 + (piece - 48) / 2.0
                      : piece - 48;
}

/// What GELU(u) and SiLU(u) are short of u, u >= 0; sigmoid(-u).
double shortfall(Activation a, double u) {
  if (a == Activation::gelu) return u * std::erfc(u / std::sqrt(2.0)) / 2;
  const double sigmoid = 1 / (1 + std::exp(u));
  return a == Activation::silu ? u * sigmoid : sigmoid;
}

/// {change, base} of a piece: the chord, moved by half of what it is off in the middle.
std::uint64_t activation_entry(Activation a, int piece) {
  const double begin = piece_begin(piece), end = piece_begin(piece + 1);
  const double first = shortfall(a, begin), last = shortfall(a, end), middle = shortfall(a, (begin + end) / 2);
  const auto scaled = [](double x) {
    return static_cast<std::int64_t>(std::floor(std::ldexp(x, shortfall_fraction) + 0.5));
  };
  const auto base = scaled(first - ((first + last) / 2 - middle) / 2), change = scaled(first - last);
  return (static_cast<std::uint64_t>(change) & mask(change_bits)) << base_bits | static_cast<std::uint64_t>(base);
}

/// The table of the activation, or of all of them one behind the other, by their codes.
std::vector<std::uint64_t> activation_table(const Config& c) {
  const bool all = c.network.activations == all_activations;
  std::vector<std::uint64_t> table;
  for (int code = all ? 0 : c.network.activations; code <= (all ? 3 : c.network.activations); ++code)
    for (int n = 0; n < 1 << piece_index_bits; ++n)
      table.push_back(code == 0 ? 0 : activation_entry(static_cast<Activation>(code), n));
  return table;
}

// One result of a row. Stages follow each other cycle by cycle, whatever they hold.
struct Column {
  Module& m;
  const Shapes& s;
  const Config& c = s.config;
  UInt activation = {};
  UInt u = {};  // magnitude of what goes in, and ..
  Bool negative = {};
  UInt entry = {}, place = {};
  SInt less = {};  // d of N15
  Bool less_negative = {};

  UInt later(const std::string& name, const UInt& value) const {
    auto kept = reg(m, name, UInt(value.width()));
    kept.next(value);
    return kept;
  }
  Bool later(const std::string& name, const Bool& value) const {
    auto kept = reg(m, name, Bool());
    kept.next(value);
    return kept;
  }
  UInt number(std::uint64_t value, int bits) const { return UInt::constant(m, value, bits); }

  void take();
  void look_up();
  void interpolate();
  SInt result() const;
};

void Column::take() {
  m.note("What goes in, with its sign and its magnitude.");
  Bool take = input(m, "take", Bool());
  SInt x = input(m, "x", SInt(s.result_bits())).saturate(activation_in_bits).named("held_x");
  const UInt opposite = (-x).as_uint().wrap(activation_in_bits);
  UInt magnitude = mux(x.sign(), opposite, x.as_uint()).named("magnitude");
  auto kept = reg(m, "u", UInt(magnitude_bits));
  auto sign = reg(m, "negative", Bool());
  kept.when(take, mux(magnitude.bit(magnitude_bits), number(mask(magnitude_bits), magnitude_bits),
                      magnitude.bits(0, magnitude_bits)));
  sign.when(take, x.sign());
  u = kept, negative = sign;
}

void Column::look_up() {
  m.note("Its piece, and its place in it.");
  const Bool from_8 = u.bit(14), from_4 = u.bit(13), from_2 = u.bit(12);  // if none above it is set
  Bool below_4 = (~(from_8 | from_4)).named("below_4");
  Bool below_2 = (~(from_8 | from_4 | from_2)).named("below_2");
  // Pieces of each width, by the bits behind the leading one; the place is what is left of u.
  const auto joined = [&](const UInt& high, const UInt& low) { return concat({high, low}); };
  const auto piece_of = [&](std::uint64_t prefix, int prefix_bits, int low) {
    const UInt high = number(prefix, prefix_bits), rest = u.bits(low, piece_index_bits - prefix_bits);
    return joined(high, rest);
  };
  const auto place_of = [&](int low) {
    const UInt rest = u.bits(0, low), zeros = number(0, place_bits - low);
    return joined(rest, zeros);
  };
  const UInt piece_2 = piece_of(0, 1, 7), piece_4 = piece_of(2, 2, 8), piece_8 = piece_of(6, 3, 10),
             piece_16 = piece_of(7, 3, 11);
  const UInt near = mux(below_2, piece_2, piece_4), far = mux(from_8, piece_16, piece_8);
  UInt piece = mux(below_4, near, far).named("piece");
  const UInt place_2 = place_of(7), place_4 = place_of(8), place_8 = place_of(10), place_16 = u.bits(0, place_bits);
  const UInt near_place = mux(below_2, place_2, place_4), far_place = mux(from_8, place_16, place_8);
  place = later("place", mux(below_4, near_place, far_place));
  const bool all = c.network.activations == all_activations;
  entry = later("entry", rom(all ? concat({activation, piece}) : piece, activation_table(c), base_bits + change_bits));
}

void Column::interpolate() {
  m.note("The line of the piece, at that place.");
  SInt change = entry.bits(base_bits, change_bits).as_sint();
  auto product = reg(m, "product", SInt(change_bits + place_bits + 1));
  product.next(change * place.to_signed());
  UInt base = later("base", entry.bits(0, base_bits));
  Bool negative_2 = later("negative_2", negative);
  less_negative = later("negative_3", negative_2);
  // rnd(x, n) is floor of x / 2^n and half.
  constexpr int drop = shortfall_fraction + place_bits - activation_out_fraction;
  SInt line = ((base << place_bits).to_signed() - product).named("line");
  less = (((line >> (drop - 1)) + 1) >> 1).named("less");
}

// Before its scale, in the cycle behind the product.
SInt Column::result() const {
  m.note("GELU and SiLU: x, or 0 below it, less that. Sigmoid: that below 0, 1 less it above.");
  const auto whole_less = [&](const SInt& whole) { return (whole - less).wrap(activation_out_bits); };
  std::optional<SInt> linear, sigmoid;
  if (c.network.activations != only_sigmoid) {
    constexpr int lift = activation_out_fraction - activation_in_fraction;
    UInt u_2 = later("u_2", u);
    UInt u_3 = later("u_3", u_2);
    const SInt x = (u_3 << lift).to_signed(), none = SInt::constant(m, 0, activation_out_bits);
    linear = whole_less(mux(less_negative, none, x));
  }
  if (has_activation(c.network, only_sigmoid)) {
    SInt one = SInt::constant(m, std::int64_t{1} << activation_out_fraction, activation_out_bits);
    const SInt below = less.extend(activation_out_bits), above = whole_less(one);
    sigmoid = mux(less_negative, below, above);
  }
  if (!sigmoid) return *linear;
  if (!linear) return *sigmoid;
  return mux(activation == static_cast<std::uint64_t>(Activation::sigmoid), *sigmoid, *linear);
}

const Module& build_activation_column(Design& d, const Shapes& s) {
  return d.module("activation_column", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "An activation by linear pieces (NUMERICS.md N15): GELU and SiLU are x, or 0 where that is negative, less what "
        "a table of the magnitude of x says; sigmoid is that of minus the magnitude, or 1 less it. Then the result is "
        "scaled.");
    Column column{m, s};
    if (s.config.network.activations == all_activations)
      column.activation = input(m, "activation", UInt(activation_code_bits));
    column.take();
    column.look_up();
    column.interpolate();
    SInt y = column.result().named("y");
    m.note("Its scale, in three stages.");
    Instance unit(m, "requantise", lib::build_requantise(d, activation_out_bits, activation_in_bits, false));
    unit.in("enable", Bool::constant(m, true));
    unit.in("acc", y), unit.pass({"mult", "shift"});
    unit.pass("value");
  });
}

// Where a row goes, as late as its results. Heads are those of self-attention, which has no activation.
void delay_row(Module& m, const Results& in, const Bool& active, Results& out) {
  Bool valid = in.valid & active;
  UInt slot = in.slot, tile = in.tile;
  for (int i = 1; i <= activation_latency; ++i) {
    auto v = reg(m, fmt::format("valid_{}", i), Bool(), 0);
    auto at_slot = reg(m, fmt::format("slot_{}", i), UInt(slot.width()));
    auto at_tile = reg(m, fmt::format("tile_{}", i), UInt(tile.width()));
    v.next(valid), at_slot.next(slot), at_tile.next(tile);
    valid = v, slot = at_slot, tile = at_tile;
  }
  out.valid = mux(active, valid, in.valid), out.slot = mux(active, slot, in.slot);
  out.tile = mux(active, tile, in.tile), out.heads = in.heads;
}

}  // namespace

const Module& build_activation_unit(Design& d, const Shapes& s) {
  return d.module("activation_unit", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Activations of the results of a row, all at once (NUMERICS.md N15). Without one a row passes in its cycle.");
    m.parameter("columns", s.config.gemm.columns);
    auto activation = input(m, "activation", UInt(activation_code_bits));
    Bool active = (activation != 0).named("active");
    auto scale = input(m, "scale", Scale());
    auto in = input(m, "result", Results(s));
    Bool take = (in.valid & active).named("take");
    Results out(s);
    m.note("Where the row goes.");
    delay_row(m, in, active, out);
    m.note("Its results.");
    for (std::size_t i = 0; i < in.value.size(); ++i) {
      Instance column(m, fmt::format("column_{}", i), build_activation_column(d, s));
      if (s.config.network.activations == all_activations) column.in("activation", activation);
      column.in("take", take), column.in("x", in.value[i]);
      column.in("mult", scale.mult), column.in("shift", scale.shift);
      out.value[i] = mux(active, column.out<UInt>("value").as_sint().extend(s.result_bits()), in.value[i]);
    }
    output(m, "activated", out);
  });
}

}  // namespace quillgen::accel
