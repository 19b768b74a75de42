// Tensors to bytes, against independent slow readers that look up every element by the formulas of
// generator/accel/README.md.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "config/load.hpp"
#include "harness/job_memory.hpp"
#include "harness/layout.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

std::vector<std::int32_t> random_tensor(std::size_t count, int bits, Chance& chance) {
  std::vector<std::int32_t> tensor(count);
  for (auto& x : tensor)
    x = static_cast<std::int32_t>(chance.below(std::uint64_t{1} << bits)) - (std::int64_t{1} << (bits - 1));
  return tensor;
}

std::vector<model::Requant> random_requants(std::size_t count, bool bias, Chance& chance) {
  std::vector<model::Requant> all(count);
  for (auto& r : all)
    r = {bias ? static_cast<std::int32_t>(chance.bits()) : 0, static_cast<std::uint32_t>(chance.below(65536)),
         static_cast<std::uint32_t>(1 + chance.below(47))};
  return all;
}

model::QuantisedLayer random_layer(const Config& c, std::uint64_t seed) {
  Chance chance(seed);
  const auto& a = c.attention;
  const auto C = static_cast<std::size_t>(a.embed_dim), N = static_cast<std::size_t>(a.samples_per_query());
  model::QuantisedLayer layer;
  layer.attention = a;
  layer.numerics = c.numerics;
  layer.queries = 5;
  for (int l = 0; l < a.levels; ++l) layer.levels.push_back({3 + l, 6 - l % 4});
  layer.query = random_tensor(layer.queries * C, c.numerics.query_bits, chance);
  layer.reference = random_tensor(layer.queries * a.levels * 2, 32, chance);
  layer.offset_weight = random_tensor(N * 2 * C, c.numerics.query_weight_bits, chance);
  layer.logit_weight = random_tensor(N * C, c.numerics.query_weight_bits, chance);
  layer.output_weight = random_tensor(C * C, c.numerics.output_weight_bits, chance);
  layer.offset_requant = random_requants(N * 2, true, chance);
  layer.logit_requant = random_requants(N, true, chance);
  layer.head_requant = random_requants(C, false, chance);
  layer.output_requant = random_requants(C, true, chance);
  return layer;
}

/// Reads `bits` bits from bit `at` on, one by one.
std::uint64_t read_bits(const Bytes& bytes, std::uint64_t at, int bits) {
  std::uint64_t value = 0;
  for (int i = 0; i < bits; ++i)
    value |= std::uint64_t{bytes.at((at + i) / 8)} >> ((at + i) % 8) % 8 & 1 ? std::uint64_t{1} << i : 0;
  return value;
}

std::int64_t read_signed(const Bytes& bytes, std::uint64_t at, int bits) {
  const auto value = static_cast<std::int64_t>(read_bits(bytes, at, bits));
  return value >= (std::int64_t{1} << (bits - 1)) ? value - (std::int64_t{1} << bits) : value;
}

/// The smallest multiple of a beat of `data_bits` that holds `bits`.
std::uint64_t whole_beats(std::uint64_t bits, int data_bits) {
  std::uint64_t size = 0;
  while (size < bits) size += data_bits;
  return size;
}

std::uint64_t round_up(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(a) / static_cast<double>(b)));
}

const std::vector<std::vector<std::string>> variants = {
    {},
    {"numerics.preset=mixed"},
    {"numerics.preset=int12", "memory.data_bits=256"},
    {"attention.embed_dim=24", "attention.heads=2", "attention.levels=3", "attention.points=3", "gemm.columns=12",
     "gemm.depth=16", "core.projection_columns=16", "numerics.query_weight_bits=11", "numerics.output_weight_bits=5",
     "feature_cache.kilobytes=1"},
    {"attention.embed_dim=24", "attention.heads=4", "attention.levels=1", "attention.points=3", "gemm.columns=18",
     "core.lanes=2", "core.projection_columns=4", "memory.max_outstanding=8"},
    {"attention.embed_dim=32", "attention.heads=8", "attention.levels=2", "attention.points=2", "gemm.columns=12",
     "core.lanes=4", "core.projection_columns=2", "memory.max_outstanding=16", "numerics.preset=mixed"},
};

}  // namespace

TEST_CASE("the parameter image, every field by its position") {
  for (const auto& variant : variants) {
    const auto c = load_preset("nano", variant);
    const auto layer = random_layer(c, 3);
    const auto image = pack_parameters(layer, c);
    const int C = c.attention.embed_dim, M = c.attention.heads, D = C / M, LK = c.attention.levels * c.attention.points;
    const int N = M * LK, columns = c.gemm.columns, depth = c.gemm.depth, P = c.core.projection_columns;
    const int data_bits = c.memory.data_bits, lanes = c.core.lanes;
    const auto sample_at = [&](int place) { return place % lanes * (N / lanes) + place / lanes; };
    std::uint64_t table = 0;  // bits
    int compared = 0;

    const int bqw = c.numerics.query_weight_bits;
    const auto steps = round_up(C, depth), groups = round_up(N, columns / 3);
    auto entry = whole_beats(std::uint64_t(depth) * bqw, data_bits);
    for (std::uint64_t e = 0; e < groups * steps * columns; ++e) {
      const int j = static_cast<int>(e % columns), s = static_cast<int>(e / columns % steps),
                g = static_cast<int>(e / columns / steps);
      for (int i = 0; i < depth; ++i, ++compared) {
        const int place = g * (columns / 3) + j / 3, channel = s * depth + i, sample = sample_at(place);
        std::int64_t expected = 0;
        if (place < N && channel < C)
          expected = j % 3 == 2 ? layer.logit_weight[sample * C + channel]
                                : layer.offset_weight[(sample * 2 + j % 3) * C + channel];
        CHECK(read_signed(image, table + e * entry + i * bqw, bqw) == expected);
      }
    }
    table += groups * steps * columns * entry;

    const auto check_requant = [&](std::uint64_t at, const model::Requant& r, bool bias) {
      if (bias) CHECK(static_cast<std::int32_t>(read_bits(image, at, 32)) == r.bias);
      if (bias) at += 32;
      CHECK(read_bits(image, at, 16) == r.mult);
      CHECK(read_bits(image, at + 16, 6) == r.shift);
      ++compared;
    };
    entry = whole_beats(3 * 54, data_bits);
    for (int place = 0; place < N; ++place) {
      const int n = sample_at(place);
      check_requant(table + place * entry, layer.offset_requant[2 * n], true);
      check_requant(table + place * entry + 54, layer.offset_requant[2 * n + 1], true);
      check_requant(table + place * entry + 108, layer.logit_requant[n], true);
    }
    table += N * entry;

    int U = 1;
    while (D % U != 0 || U * LK < D) ++U;
    entry = whole_beats(U * 22, data_bits);
    for (int channel = 0; channel < C; ++channel) {
      const int lane = channel / (C / lanes), word = channel % (C / lanes) / U;
      check_requant(table + (word * lanes + lane) * entry + channel % U * 22, layer.head_requant[channel], false);
    }
    table += C / U * entry;

    const int bow = c.numerics.output_weight_bits;
    const auto output_groups = round_up(C, P);
    entry = whole_beats(std::uint64_t(D) * bow, data_bits);
    for (int m = 0; m < M; ++m)
      for (std::uint64_t output = 0; output < output_groups * P; ++output)
        for (int d = 0; d < D; ++d, ++compared) {
          const int lane = m / (M / lanes), of_lane = m % (M / lanes);
          const auto word = of_lane * output_groups + output / P, bank = lane * P + output % P;
          CHECK(read_signed(image, table + (word * lanes * P + bank) * entry + d * bow, bow) ==
                (output < std::uint64_t(C) ? layer.output_weight[output * C + m * D + d] : 0));
        }
    table += M * output_groups * P * entry;

    entry = whole_beats(54, data_bits);
    for (std::uint64_t output = 0; output < output_groups * P; ++output)
      check_requant(table + output * entry,
                    output < std::uint64_t(C) ? layer.output_requant[output] : model::Requant{0, 0, 0}, true);
    table += output_groups * P * entry;
    CHECK(image.size() * 8 == table);
    MESSAGE(fmt::format("{} fields in {} bytes compared", compared, image.size()));
  }
}

TEST_CASE("rows, references and the value map, every element by its address") {
  for (const auto& variant : variants) {
    const auto c = load_preset("nano", variant);
    const auto layer = random_layer(c, 4);
    const int C = c.attention.embed_dim, M = c.attention.heads, D = C / M;
    Chance noise(1), chance(2);
    const auto element = [](const Bytes& bytes, std::size_t at, int bits) {
      return read_signed(bytes, at * 8, bits <= 8 ? 8 : 16);
    };

    const int size = c.numerics.query_bits <= 8 ? 1 : 2, beat = c.memory.data_bits / 8, stride = 32 * beat;
    const auto rows = pack_query_rows(layer, c, stride, noise);
    for (int q = 0; q < layer.queries; ++q) {
      for (int i = 0; i < C; ++i)
        CHECK(element(rows, q * stride + i * size, c.numerics.query_bits) == layer.query[q * C + i]);
      for (int i = C * size; i % beat != 0; ++i) CHECK(rows[q * stride + i] == 0);
    }

    const auto references = pack_references(layer);
    CHECK(references.size() == layer.reference.size() * 4);
    for (std::size_t i = 0; i < layer.reference.size(); ++i)
      CHECK(read_signed(references, i * 32, 32) == layer.reference[i]);

    const auto value = random_tensor(static_cast<std::size_t>(layer.tokens()) * C, c.numerics.feature_bits, chance);
    const auto map = pack_value_map(layer, value, c, noise);
    const int value_size = c.numerics.feature_bits <= 8 ? 1 : 2;
    std::size_t line = beat;
    while (line < static_cast<std::size_t>(4 * D * value_size)) line *= 2;
    std::size_t level_start = 0, token = 0;
    for (const auto& level : layer.levels) {
      const int blocks_x = (level.width + 1) / 2, blocks_y = (level.height + 1) / 2;
      for (int y = 0; y < blocks_y * 2; ++y)
        for (int x = 0; x < blocks_x * 2; ++x)
          for (int i = 0; i < C; ++i) {
            const std::size_t at = level_start + ((y / 2 * blocks_x + x / 2) * M + i / D) * line +
                                   ((y % 2 * 2 + x % 2) * D + i % D) * value_size;
            const bool inside = y < level.height && x < level.width;
            CHECK(element(map, at, c.numerics.feature_bits) ==
                  (inside ? value[(token + y * level.width + x) * C + i] : 0));
          }
      level_start += blocks_x * blocks_y * M * line;
      token += level.width * level.height;
    }
    CHECK(map.size() == level_start);
  }
}

TEST_CASE("the descriptor") {
  const auto c = load_preset("nano");
  const auto layer = random_layer(c, 5);
  const JobAddresses a{0x123456780, 0x2000000c0, 0x300000100, 0x400000140, 0x500000180, 64, 128};
  const auto d = make_descriptor(layer, a, 77);
  CHECK(d[0] == 0x00010001);
  CHECK(d[1] == 0);
  CHECK(d[2] == 77);
  CHECK(d[3] == 5);
  CHECK(d[4] == 0x23456780);
  CHECK(d[5] == 1);
  CHECK(d[6] == 0xc0);
  CHECK(d[7] == 2);
  CHECK(d[9] == 3);
  CHECK(d[11] == 4);
  CHECK(d[13] == 5);
  CHECK(d[14] == 64);
  CHECK(d[15] == 128);
  for (std::size_t l = 0; l < 8; ++l)
    CHECK(d[16 + l] == (l < layer.levels.size() ? layer.levels[l].width + layer.levels[l].height * 65536u : 0));
  for (int i = 24; i < 32; ++i) CHECK(d[i] == 0);
  const auto bytes = to_bytes(d);
  CHECK(bytes.size() == 128);
  CHECK(bytes[16] == 0x80);
  CHECK(bytes[19] == 0x23);
}

TEST_CASE("a job in memory: regions, strides, and the faults of its output") {
  const auto c = load_preset("small");
  const auto layer = random_layer(c, 6);
  const std::vector<std::int32_t> value(static_cast<std::size_t>(layer.tokens()) * c.attention.embed_dim, 1);
  bool wide_stride = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    MemoryMap map;
    JobMemory memory(map, layer, value, c, seed);
    const auto& d = memory.descriptor();
    const auto address = [&](int word) { return d[word] | std::uint64_t{d[word + 1]} << 32; };
    for (const int word : {4, 6, 8, 10, 12}) CHECK(address(word) % 64 == 0);
    CHECK(memory.descriptor_address() % 64 == 0);
    CHECK(d[14] % 16 == 0);
    CHECK(d[14] >= 128);
    wide_stride |= d[15] > 128;
    CHECK(memory.output_untouched());
    CHECK(memory.check_output().size() == 10);  // nothing written yet
    auto& rows = map.at("output rows");
    CHECK(rows.base == address(12));
    for (int q = 0; q < layer.queries; ++q)
      for (int i = 0; i < 128; ++i) {
        rows.bytes[q * d[15] + i] = static_cast<std::uint8_t>(i % 2 ? 0xff : q - 100);
        rows.writes[q * d[15] + i] = 1;
      }
    CHECK(memory.check_output().empty());
    CHECK(!memory.output_untouched());
    for (const auto x : memory.output_rows()) CHECK((x >= -100 && x <= -96));
    rows.writes[d[15]] = 2;
    CHECK(memory.check_output().at(0) == "output row 1, byte 0: written 2 times");
    rows.writes[d[15]] = 1;
    if (d[15] > 128) {
      rows.bytes[130] ^= 1;
      CHECK(memory.check_output().at(0) == "output row 0, byte 130: outside the row, but changed");
    }
  }
  CHECK(wide_stride);
}
