// The steps of NUMERICS.md against double precision and brute force, and the whole model against a plain loop over its
// definition.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "config/fields.hpp"
#include "model/dense.hpp"
#include "model/steps.hpp"
#include "unit/random_layer.hpp"

using namespace quillgen;
using namespace quillgen::model;
using test::numerics_names;
using test::Random;
using test::random_layer;

namespace {

double half_up(double x) { return std::floor(x + 0.5); }

}  // namespace

TEST_CASE("rounding shift and saturation, exhaustively at small widths") {
  for (int x = -600; x <= 600; ++x) {
    CHECK(round_shift(x, 0) == x);
    for (int s = 1; s <= 12; ++s) CHECK(static_cast<double>(round_shift(x, s)) == half_up(std::ldexp(x, -s)));
    for (int bits = 2; bits <= 10; ++bits)
      CHECK(saturate(x, bits) == std::min(std::max(x, -(1 << (bits - 1))), (1 << (bits - 1)) - 1));
  }
  CHECK_THROWS(round_shift(1, 63));
}

TEST_CASE("N2: requantisation against long double") {
  Random random(1);
  for (int i = 0; i < 100000; ++i) {
    const auto acc = random.in(-(std::int64_t{1} << random.in(1, 44)), std::int64_t{1} << random.in(1, 44));
    const Requant r{random.number(static_cast<int>(random.in(2, 32))), static_cast<std::uint32_t>(random.in(0, 65535)),
                    static_cast<std::uint32_t>(random.in(1, 47))};
    const int bits = static_cast<int>(random.in(4, 16));
    const long double exact = std::ldexp(static_cast<long double>(acc + r.bias) * r.mult, -static_cast<int>(r.shift));
    const long double limit = std::ldexp(1.0L, bits - 1);
    CHECK(requantise(acc, r, bits) == std::clamp(std::floor(exact + 0.5L), -limit, limit - 1));
  }
  CHECK_THROWS(requantise(0, {0, 65536, 1}, 8));
  CHECK_THROWS(requantise(0, {0, 1, 0}, 8));
  CHECK_THROWS(requantise(0, {0, 1, 48}, 8));
}

TEST_CASE("N4: a row sums to exactly one and every weight is within 1.25 units of the exact softmax") {
  for (const auto* name : numerics_names) {
    const auto n = numerics_preset(name);
    const auto table = exp2_table(n);
    Random random(3);
    double worst = 0;
    for (int i = 0; i < 100000; ++i) {
      std::vector<std::int32_t> x(static_cast<std::size_t>(random.in(1, 64))), weights(x.size());
      const int spread = static_cast<int>(random.in(1, n.logit_bits()));
      for (auto& v : x) v = random.number(spread);
      softmax_row(x, table, n, weights);
      const int max = *std::max_element(x.begin(), x.end());
      double sum = 0;
      std::int64_t total = 0;
      for (const int v : x) sum += std::exp2(std::ldexp(v - max, -n.logit_frac_bits));
      bool in_range = true;
      for (std::size_t j = 0; j < x.size(); ++j) {
        const double exact = std::exp2(std::ldexp(x[j] - max, -n.logit_frac_bits)) / sum;
        worst = std::max(worst, std::abs(std::ldexp(exact, n.attention_bits) - weights[j]));
        total += weights[j];
        in_range = in_range && weights[j] >= 0 && weights[j] <= 1 << n.attention_bits;
      }
      REQUIRE(in_range);
      REQUIRE(total == std::int64_t{1} << n.attention_bits);
    }
    MESSAGE(fmt::format("{}: 100000 rows, worst error {:.3f} units", name, worst));
    CHECK(worst <= 1.25);
  }
  const auto n = numerics_preset("int8");
  std::vector<std::int32_t> none, one(1), far = {-1024, 1023}, weights(2);
  CHECK_THROWS(softmax_row(none, exp2_table(n), n, none));
  softmax_row(std::vector<std::int32_t>{5}, exp2_table(n), n, one);
  CHECK(one[0] == 256);
  softmax_row(far, exp2_table(n), n, weights);
  CHECK(weights == std::vector<std::int32_t>{0, 256});
  far[1] = 1024;
  CHECK_THROWS(softmax_row(far, exp2_table(n), n, weights));
}

TEST_CASE("N4: cumulative shares are rounded half up, to the last bit") {
  Random random(4);
  for (int i = 0; i < 20000; ++i) {
    const auto n = numerics_preset(numerics_names[i % 3]);
    std::vector<std::int32_t> x(static_cast<std::size_t>(random.in(1, 64))), weights(x.size());
    for (auto& v : x) v = random.number(static_cast<int>(random.in(1, n.logit_bits())));
    softmax_row(x, exp2_table(n), n, weights);
    const int max = *std::max_element(x.begin(), x.end()), size = 1 << n.logit_frac_bits;
    std::vector<long double> cumulative;
    long double sum = 0;
    for (const int v : x) {
      const int d = max - v;
      const auto entry = std::floor(std::exp2(n.attention_bits + 8 - static_cast<long double>(d % size) / size) + 0.5L);
      cumulative.push_back(sum += std::floor(std::ldexp(entry, -(d / size)) + 0.5L));
    }
    std::int64_t share = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      share += weights[j];
      REQUIRE(share == std::floor(std::ldexp(cumulative[j], n.attention_bits) / sum + 0.5L));
    }
  }
}

TEST_CASE("N5: locations against double precision, over all formats") {
  Random random(5);
  for (int i = 0; i < 100000; ++i) {
    Numerics n = numerics_preset(numerics_names[i % 3]);
    n.offset_frac_bits = static_cast<int>(random.in(2, 12));
    n.interp_frac_bits = static_cast<int>(random.in(2, 12));
    const int side = static_cast<int>(random.in(1, 1024));
    const auto reference = random.number(static_cast<int>(random.in(2, 32)));
    const auto offset = random.number(n.offset_bits());
    const double exact = std::ldexp(reference, -16) * side + std::ldexp(offset, -n.offset_frac_bits) - 0.5;
    const double one = std::ldexp(1, n.interp_frac_bits);
    CHECK(location(reference, move_from_point(offset, n), side, n) ==
          std::clamp(half_up(exact * one), -2 * one, (side + 1) * one));
  }
}

TEST_CASE("N5: locations in boxes are the exact sum rounded once, over all formats") {
  __extension__ using Wide = __int128;
  Random random(55);
  for (int i = 0; i < 100000; ++i) {
    Numerics n = numerics_preset(numerics_names[i % 3]);
    n.offset_int_bits = static_cast<int>(random.in(4, 9));
    n.offset_frac_bits = static_cast<int>(random.in(2, 12));
    n.interp_frac_bits = static_cast<int>(random.in(2, 12));
    const int side = static_cast<int>(random.in(1, 1024)), points = static_cast<int>(random.in(1, 8));
    const auto reference = random.number(static_cast<int>(random.in(2, 32)));
    const auto offset = random.number(n.offset_bits());
    const auto size = static_cast<std::int32_t>(random.in(0, (1 << 17) - 1));
    const std::int64_t share = std::llround(65536.0 / (2 * points));
    const int fraction = 32 + n.offset_frac_bits;  // of the exact sum
    const Wide one = 1, exact = (Wide{reference} * side << (fraction - 16)) + Wide{offset} * share * size * side -
                                (one << (fraction - 1));
    const Wide rounded = (exact + (one << (fraction - n.interp_frac_bits - 1))) >> (fraction - n.interp_frac_bits);
    const Wide low = -(one << (n.interp_frac_bits + 1)), high = Wide{side + 1} << n.interp_frac_bits;
    CHECK(location(reference, move_in_box(offset, size, side, points, n), side, n) ==
          static_cast<std::int32_t>(std::clamp(rounded, low, high)));
  }
}

TEST_CASE("N6: corner weights against double precision; none outside the level") {
  Random random(6);
  int outside = 0;
  for (int i = 0; i < 100000; ++i) {
    const auto n = numerics_preset(numerics_names[i % 3]);
    const LevelShape level{static_cast<int>(random.in(1, 5)), static_cast<int>(random.in(1, 5))};
    const auto one = std::int64_t{1} << n.interp_frac_bits;
    const auto x = static_cast<std::int32_t>(random.in(-2 * one, (level.width + 1) * one));
    const auto y = static_cast<std::int32_t>(random.in(-2 * one, (level.height + 1) * one));
    const auto attention = static_cast<std::int32_t>(random.in(0, std::int64_t{1} << n.attention_bits));
    const auto w = corner_weights(attention, x, y, level, n);
    for (int c = 0; c < 4; ++c) {
      const double px = std::ldexp(x, -n.interp_frac_bits), py = std::ldexp(y, -n.interp_frac_bits);
      const double cx = std::floor(px) + c % 2, cy = std::floor(py) + c / 2;
      const bool inside = cx >= 0 && cx < level.width && cy >= 0 && cy < level.height;
      const double weight =
          std::ldexp(attention, -n.attention_bits) * (1 - std::abs(px - cx)) * (1 - std::abs(py - cy));
      CHECK(w[static_cast<std::size_t>(c)] == (inside ? half_up(std::ldexp(weight, n.corner_bits)) : 0));
      outside += !inside;
    }
  }
  CHECK(outside > 1000);
}

TEST_CASE("the whole model equals a plain loop over every pixel") {
  Random random(7);
  std::int64_t outputs = 0, lines = 0;
  for (int i = 0; i < 300; ++i) {
    const auto layer = random_layer(random);
    const auto st = run(layer);
    const auto& a = layer.attention;
    const auto& n = layer.numerics;
    const int c = a.embed_dim, d = a.head_dim();
    using Lines = std::array<std::set<std::array<int, 4>>, 3>;  // by LineShape
    std::array<std::int64_t, 3> lookups = {};
    Lines touched;
    for (int q = 0; q < layer.queries; ++q) {
      std::vector<std::int64_t> acc(static_cast<std::size_t>(c));
      for (int m = 0; m < a.heads; ++m)
        for (int l = 0; l < a.levels; ++l)
          for (int k = 0; k < a.points; ++k) {
            const auto s = static_cast<std::size_t>(((q * a.heads + m) * a.levels + l) * a.points + k);
            const auto shape = layer.levels[static_cast<std::size_t>(l)];
            int token = 0;
            for (int other = 0; other < l; ++other)
              token += layer.levels[static_cast<std::size_t>(other)].height *
                       layer.levels[static_cast<std::size_t>(other)].width;
            Lines of_sample;
            for (int y = 0; y < shape.height; ++y)
              for (int x = 0; x < shape.width; ++x, ++token) {
                // A tent around the location: 1 at it, 0 a pixel away; only corners of the sample are inside.
                const std::int64_t one = std::int64_t{1} << n.interp_frac_bits;
                const std::int64_t gx = one - std::abs(st.location[2 * s] - x * one);
                const std::int64_t gy = one - std::abs(st.location[2 * s + 1] - y * one);
                if (gx < 0 || gy < 0) continue;
                const auto w =
                    round_shift(st.attention[s] * gx * gy, n.attention_bits + 2 * n.interp_frac_bits - n.corner_bits);
                if (w == 0) continue;
                of_sample[line_2x2].insert({l, y / 2, x / 2, m});
                of_sample[line_2x1].insert({l, y, x / 2, m});
                of_sample[line_1x1].insert({l, y, x, m});
                for (int j = m * d; j < (m + 1) * d; ++j)
                  acc[static_cast<std::size_t>(j)] += w * st.value[static_cast<std::size_t>(token * c + j)];
              }
            for (std::size_t shape = 0; shape < 3; ++shape) {
              lookups[shape] += static_cast<std::int64_t>(of_sample[shape].size());
              touched[shape].insert(of_sample[shape].begin(), of_sample[shape].end());
            }
          }
      for (std::size_t j = 0; j < acc.size(); ++j) {
        const auto at = static_cast<std::size_t>(q * c) + j;
        REQUIRE(st.head[at] == requantise(acc[j], layer.head_requant[j], n.head_bits));
        std::int64_t sum = 0;
        for (int k = 0; k < c; ++k)
          sum += std::int64_t{st.head[static_cast<std::size_t>(q * c + k)]} *
                 layer.output_weight[j * acc.size() + static_cast<std::size_t>(k)];
        REQUIRE(st.output[at] == requantise(sum, layer.output_requant[j], n.output_bits));
        ++outputs;
      }
    }
    REQUIRE(st.line_lookups == lookups);
    for (std::size_t shape = 0; shape < 3; ++shape) {
      REQUIRE(st.lines_touched[shape] == static_cast<std::int64_t>(touched[shape].size()));
      lines += lookups[shape];
    }
  }
  MESSAGE(fmt::format("300 layers: {} heads and outputs, {} line look-ups compared", outputs, lines));
  CHECK(lines > 1000);
}

TEST_CASE("N5: whole pixels of a move") {
  CHECK(whole_pixels(0) == 0);
  CHECK(whole_pixels(65535) == 0);
  CHECK(whole_pixels(3 << 16) == 3);
  CHECK(whole_pixels(-1) == 0);
  CHECK(whole_pixels(-65536) == 0);
  CHECK(whole_pixels(-65537) == 1);
  CHECK(whole_pixels(-(3 << 16) - 1) == 3);
}

TEST_CASE("a layer whose tensors do not match its description is refused") {
  Random random(8);
  const auto good = random_layer(random);
  const auto refused = [&](auto edit) {
    auto layer = good;
    edit(layer);
    CHECK_THROWS_AS(run(layer), std::logic_error);
  };
  refused([](QuantisedLayer& l) { l.query.pop_back(); });
  refused([](QuantisedLayer& l) { l.query[0] = 1 << l.numerics.query_bits; });
  refused([](QuantisedLayer& l) { l.reference.push_back(0); });
  refused([](QuantisedLayer& l) { l.levels.push_back({1, 1}); });
  refused([](QuantisedLayer& l) { l.levels[0].width = 0; });
  refused([](QuantisedLayer& l) { l.head_requant[0].bias = 1; });
  refused([](QuantisedLayer& l) { l.output_requant[0].shift = 0; });
  refused([](QuantisedLayer& l) { l.queries = 0; });
}

TEST_CASE("N11: a dense layer against a plain loop, at the ends of every format too") {
  Random random(11);
  int saturated = 0, negative = 0, elements = 0;
  for (int i = 0; i < 300; ++i) {
    const auto n = numerics_preset(numerics_names[i % 3]);
    const bool extreme = i % 5 == 0;
    DenseLayer layer{n,
                     static_cast<int>(random.in(1, 9)),
                     static_cast<int>(random.in(1, 40)),
                     static_cast<int>(random.in(1, 9)),
                     {},
                     {},
                     {},
                     relu_if(i % 2 == 0)};
    const auto number = [&](int bits) {
      const std::int32_t highest = (1 << (bits - 1)) - 1;
      return extreme ? (random.in(0, 1) == 0 ? highest : -highest - 1) : random.number(bits);
    };
    for (int j = 0; j < layer.rows * layer.inner; ++j) layer.input.push_back(number(n.query_bits));
    for (int j = 0; j < layer.outputs * layer.inner; ++j) layer.weight.push_back(number(n.query_weight_bits));
    for (int j = 0; j < layer.outputs; ++j)
      layer.requant.push_back({random.number(20), static_cast<std::uint32_t>(random.in(0, 65535)),
                               static_cast<std::uint32_t>(random.in(20, 34))});
    const auto result = run_dense(layer);
    REQUIRE(result.size() == static_cast<std::size_t>(layer.rows * layer.outputs));
    for (int m = 0; m < layer.rows; ++m)
      for (int o = 0; o < layer.outputs; ++o, ++elements) {
        const auto& r = layer.requant[static_cast<std::size_t>(o)];
        long double sum = r.bias;
        for (int k = 0; k < layer.inner; ++k)
          sum += static_cast<long double>(layer.input[static_cast<std::size_t>(m * layer.inner + k)]) *
                 layer.weight[static_cast<std::size_t>(o * layer.inner + k)];
        const long double limit = std::ldexp(1.0L, n.output_bits - 1);
        const auto exact = std::floor(std::ldexp(sum * r.mult, -static_cast<int>(r.shift)) + 0.5L);
        auto expected = std::clamp(exact, -limit, limit - 1);
        saturated += expected != exact;
        negative += expected < 0;
        if (layer.activation.function == model::Function::relu && expected < 0) expected = 0;
        CHECK(result[static_cast<std::size_t>(m * layer.outputs + o)] == expected);
      }
  }
  MESSAGE(fmt::format("{} outputs, {} of them saturated, {} negative", elements, saturated, negative));
  CHECK(saturated > 100);
  CHECK(negative > 100);
}

TEST_CASE("a dense layer that contradicts itself is refused") {
  const auto n = numerics_preset("int8");
  const DenseLayer good{n, 2, 3, 1, {1, 2, 3, 4, 5, 6}, {127, -128, 0}, {{0, 1, 1}}, {}};
  CHECK_NOTHROW(run_dense(good));
  const auto refused = [&](const auto& edit) {
    auto layer = good;
    edit(layer);
    CHECK_THROWS_AS(run_dense(layer), std::logic_error);
  };
  refused([](auto& l) { l.rows = 0; });
  refused([](auto& l) { l.inner = 2; });
  refused([](auto& l) { l.outputs = 2; });
  refused([](auto& l) { l.input[0] = 128; });
  refused([](auto& l) { l.weight[1] = -129; });
  refused([](auto& l) { l.requant[0].shift = 48; });
  refused([](auto& l) { l.requant.clear(); });
  const auto by_pieces = [](auto& l) { l.activation = {Function::gelu, {0, 1, 1}}; };
  auto activated = good;
  by_pieces(activated);
  CHECK_NOTHROW(run_dense(activated));
  refused([&](auto& l) { by_pieces(l), l.activation.scale.shift = 48; });
  refused([&](auto& l) { by_pieces(l), l.activation.scale.bias = 1; });
  refused([&](auto& l) { by_pieces(l), l.result_bits = 18, l.boxes = {1, 2, 3, 4}; });
}

namespace {

struct Bound {
  Function function;
  double most;  ///< that a result before its scale is off, as NUMERICS.md says
};
constexpr Bound bounds[] = {{Function::gelu, 3.2e-4}, {Function::silu, 5.8e-4}, {Function::sigmoid, 3.4e-4}};

}  // namespace

TEST_CASE("N15: every number within the stated error, which is reached") {
  for (const auto& [function, most] : bounds) {
    double worst = 0;
    for (int x = -32768; x < 32768; ++x)
      worst = std::max(worst, std::abs(piecewise(function, x) / 4096.0 - exact(function, x / 2048.0)));
    MESSAGE(fmt::format("function {}: at most {:.2e} off", static_cast<int>(function), worst));
    CHECK(worst <= most);
    CHECK(worst > most - 0.1e-4);
    // What a value held to 16 bits loses at -16 is one unit of x.
    CHECK(piecewise(function, -32768) == piecewise(function, -32767));
    CHECK_THROWS(piecewise(function, 32768));
  }
  CHECK_THROWS(piecewise(Function::relu, 0));
  CHECK(piecewise(Function::gelu, 0) == -1);
  CHECK(piecewise(Function::silu, 0) == -1);
  CHECK(piecewise(Function::sigmoid, 0) == 2048);
}

// So every double precision gives the same table.
TEST_CASE("N15: no constant of the pieces lies where its rounding changes") {
  const auto f = [](Function function, long double v) {
    if (function == Function::gelu) return v * std::erfc(v / std::sqrt(2.0L)) / 2;
    return (function == Function::silu ? v : 1) / (1 + std::exp(v));
  };
  for (const auto& bound : bounds) {
    long double nearest = 1, v = 0;
    for (int n = 0; n < 64; ++n) {
      const long double width = n < 32 ? 1.0L / 16 : n < 48 ? 1.0L / 8 : n < 56 ? 0.5L : 1, w = v + width;
      const auto a = f(bound.function, v), b = f(bound.function, w), m = f(bound.function, v + width / 2);
      for (const auto constant : {a - ((a + b) / 2 - m) / 2, a - b}) {
        const auto scaled = constant * 32768;
        nearest = std::min(nearest, std::abs(scaled - std::floor(scaled) - 0.5L));
      }
      v = w;
    }
    CHECK(v == 16);
    CHECK(nearest > 9e-5L);
  }
}

TEST_CASE("N15: 100,000 random results against double precision") {
  Random random(15);
  constexpr int rows = 1000, inner = 16;
  for (const auto& [function, most] : bounds)
    for (int layers = 0; layers < 100; ++layers) {
      const auto n = numerics_preset(numerics_names[layers % 3]);
      DenseLayer layer{n, rows, inner, 1, {}, {}, {}, {}};
      for (int i = 0; i < rows * inner; ++i) layer.input.push_back(random.number(n.query_bits));
      for (int i = 0; i < inner; ++i) layer.weight.push_back(random.number(n.query_weight_bits));
      // Sums of some units of x, whose results fill the format or saturate it.
      const int shift = 2 * n.query_bits - 15 + static_cast<int>(random.in(17, 20));
      layer.requant = {{random.number(12), static_cast<std::uint32_t>(random.in(1 << 15, 65535)),
                        static_cast<std::uint32_t>(shift)}};
      layer.activation = {function,
                          {0, static_cast<std::uint32_t>(random.in(1 << 15, 65535)),
                           static_cast<std::uint32_t>(random.in(16 + 14 - n.output_bits, 16 + 17 - n.output_bits))}};
      const auto& to = layer.activation.scale;
      const double unit = std::ldexp(1, -12 + static_cast<int>(to.shift)) / to.mult,
                   limit = std::ldexp(1, n.output_bits - 1);
      const auto result = run_dense(layer);
      for (int r = 0; r < rows; ++r) {
        double sum = layer.requant[0].bias;
        for (int k = 0; k < inner; ++k)
          sum += double(layer.input[std::size_t(r * inner + k)]) * layer.weight[std::size_t(k)];
        const double x =
            std::clamp(std::ldexp(sum * layer.requant[0].mult, -shift - 11), -16.0, 16 - std::ldexp(1, -11));
        const double wanted = exact(function, x) / unit;
        // Half a unit of x, at a slope of 1.13 at most, the pieces, and half a unit of the result.
        const double allowed = (std::ldexp(1.13, -12) + most) / unit + 0.5 + 1e-9;
        const double found = result[std::size_t(r)];
        if (found == limit - 1) REQUIRE(wanted > limit - 1 - allowed);
        else if (found == -limit) REQUIRE(wanted < -limit + allowed);
        else REQUIRE(std::abs(found - wanted) <= allowed);
      }
    }
}
