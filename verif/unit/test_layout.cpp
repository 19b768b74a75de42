// Tensors to bytes, against independent slow readers that look up every element by the formulas of
// generator/accel/README.md.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>

#include "config/derived.hpp"
#include "config/load.hpp"
#include "config/memory_port.hpp"
#include "harness/job_memory.hpp"
#include "harness/layout.hpp"
#include "harness/parameters.hpp"

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
  layer.source = random_tensor(layer.tokens() * C, c.numerics.feature_bits, chance);
  layer.value_weight = random_tensor(C * C, c.numerics.feature_weight_bits, chance);
  layer.value_requant = random_requants(C, true, chance);
  for (int token = 0; token < layer.tokens(); ++token) layer.padding.push_back(chance.below(3) == 0);
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

/// Columns in an entry of up to four beats: as few as leave least of its beats unused.
std::uint64_t lying_together(int columns, int bits, int data_bits) {
  std::uint64_t best = 1;
  double least = 1;
  for (int count = columns; count >= 1; --count) {
    const auto beats = round_up(static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(bits),
                                static_cast<std::uint64_t>(data_bits));
    const double unused = 1 - double(count) * bits / (double(beats) * data_bits);
    if (columns % count != 0 || (beats > 4 && count > 1) || unused > least + 1e-9) continue;
    best = static_cast<std::uint64_t>(count), least = unused;
  }
  return best;
}

const std::vector<std::vector<std::string>> variants = {
    {},
    {"numerics.preset=mixed"},
    {"numerics.preset=int12", "memory.data_bits=256"},
    {"attention.embed_dim=24", "attention.heads=2", "attention.levels=3", "attention.points=3", "gemm.columns=12",
     "gemm.depth=16", "core.projection_columns=16", "numerics.query_weight_bits=11", "numerics.output_weight_bits=5",
     "feature_cache.kilobytes=1"},
    {"attention.embed_dim=24", "attention.heads=4", "attention.levels=1", "attention.points=3", "gemm.columns=12",
     "core.head_lanes=2", "core.projection_columns=4", "memory.max_outstanding=8"},
    {"attention.embed_dim=32", "attention.heads=8", "attention.levels=2", "attention.points=2", "gemm.columns=24",
     "core.head_lanes=4", "core.projection_columns=2", "memory.max_outstanding=16", "numerics.preset=mixed"},
    {"attention.embed_dim=32", "attention.heads=4", "attention.levels=6", "attention.points=2", "gemm.columns=24",
     "core.head_lanes=2", "core.level_lanes=2", "core.projection_columns=2", "memory.max_outstanding=16",
     "pruning.points=true", "feature_cache.kilobytes=4"},
};

/// With an epilogue: elements of rows of 1 byte and of 2, entries of the norm of one beat and of several.
const std::vector<std::vector<std::string>> epilogues = {
    {"network.epilogue=true", "attention.embed_dim=24", "attention.heads=2", "gemm.columns=12", "network.stream_bits=8",
     "feature_cache.kilobytes=1"},
    {"network.epilogue=true", "attention.embed_dim=12", "attention.heads=2", "gemm.columns=12",
     "network.stream_bits=12"},
    {"network.epilogue=true", "attention.embed_dim=32", "attention.heads=2", "gemm.columns=16", "memory.data_bits=256",
     "network.stream_bits=16", "numerics.preset=mixed", "feature_cache.kilobytes=1"},
};

/// Rows of `length` elements, for `rows` queries or rows of a dense job and `tokens` tokens, and a norm of C channels.
model::Stream random_stream(const Config& c, int rows, int length, int tokens, std::uint64_t seed) {
  Chance chance(seed);
  const int channels = c.attention.embed_dim, bits = c.network.stream_bits;
  model::Stream s;
  s.bits = bits;
  s.query = model::Requant{0, 0xABCD, 21}, s.source = model::Requant{0, 0x1234, 47};
  s.queries = random_tensor(static_cast<std::size_t>(rows) * length, bits, chance);
  s.positions = random_tensor(s.queries.size(), bits, chance);
  s.sources = random_tensor(static_cast<std::size_t>(tokens) * channels, bits, chance);
  s.residual = random_tensor(static_cast<std::size_t>(rows) * channels, bits, chance);
  s.norm =
      model::Norm{random_tensor(channels, 16, chance), random_tensor(channels, 32, chance), 19, 0x0002'1234'5678'9ABC};
  return s;
}

}  // namespace

TEST_CASE("the parameter image, every field by its position") {
  for (const auto& variant : variants) {
    const auto c = load_preset("nano", variant);
    const auto layer = random_layer(c, 3);
    const auto image = pack_parameters(layer, c);
    const int C = c.attention.embed_dim, M = c.attention.heads, D = C / M, LK = c.attention.levels * c.attention.points;
    const int N = M * LK, columns = c.gemm.columns, depth = c.gemm.depth, P = c.core.projection_columns;
    const int data_bits = c.memory.data_bits, lanes = c.core.head_lanes;
    // The lanes take turns; each has its samples by head, level and point.
    const int inner = c.core.level_lanes, levels = c.attention.levels / inner, K = c.attention.points;
    const auto sample_at = [&](int place) {
      const int lane = place % (lanes * inner), n = place / (lanes * inner);
      const int head = lane / inner * (M / lanes) + n / (levels * K), level = lane % inner * levels + n / K % levels;
      return head * LK + level * K + n % K;
    };
    std::uint64_t table = 0;  // bits
    int compared = 0;

    const auto check_requant = [&](std::uint64_t at, const model::Requant& r, bool bias) {
      if (bias) CHECK(static_cast<std::int32_t>(read_bits(image, at, 32)) == r.bias);
      if (bias) at += 32;
      CHECK(read_bits(image, at, 16) == r.mult);
      CHECK(read_bits(image, at + 16, 6) == r.shift);
      ++compared;
    };
    const auto requants = [&](int outputs, const auto& expected) {  // of the PE array
      const auto together = lying_together(columns, 54, data_bits), entry = whole_beats(together * 54, data_bits),
                 all = round_up(outputs, columns) * static_cast<std::uint64_t>(columns);
      for (std::uint64_t o = 0; o < all; ++o)
        check_requant(table + o / together * entry + o % together * 54,
                      o < std::uint64_t(outputs) ? expected(static_cast<int>(o)) : model::Requant{0, 0, 0}, true);
      table += all / together * entry;
    };
    const int bits = std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits);
    const auto weights = [&](int outputs, const auto& expected) {
      const auto steps = round_up(C, depth), tiles = round_up(outputs, columns);
      const auto beside = lying_together(columns, depth * bits, data_bits),
                 entry = whole_beats(beside * depth * bits, data_bits);
      for (std::uint64_t e = 0; e < tiles * steps * columns; ++e) {
        const int output = static_cast<int>(e / columns / steps * columns + e % columns);
        for (int i = 0; i < depth; ++i, ++compared) {
          const int channel = static_cast<int>(e / columns % steps) * depth + i;
          CHECK(read_signed(image, table + e / beside * entry + (e % beside * depth + i) * bits, bits) ==
                (output < outputs && channel < C ? expected(output, channel) : 0));
        }
      }
      table += tiles * steps * columns / beside * entry;
    };
    requants(C, [&](int o) { return layer.value_requant[o]; });
    weights(C, [&](int o, int channel) { return layer.value_weight[o * C + channel]; });
    // Logits of the samples fill their tiles, then come the offsets.
    const int logits = static_cast<int>(round_up(N, columns)) * columns;
    const auto of_query = [&](int o, const auto& logit, const auto& offset, auto none) {
      const int place = o < logits ? o : (o - logits) / 2;
      if (place >= N) return none;
      return o < logits ? logit(sample_at(place)) : offset(2 * sample_at(place) + (o - logits) % 2);
    };
    requants(logits + 2 * N, [&](int o) {
      return of_query(
          o, [&](int n) { return layer.logit_requant[n]; }, [&](int n) { return layer.offset_requant[n]; },
          model::Requant{0, 0, 0});
    });
    weights(logits + 2 * N, [&](int o, int channel) {
      return of_query(
          o, [&](int n) { return layer.logit_weight[n * C + channel]; },
          [&](int n) { return layer.offset_weight[n * C + channel]; }, 0);
    });

    int U = 1;
    while (D % U != 0 || U * LK < D * inner * c.core.points_per_cycle) ++U;
    auto entry = whole_beats(U * 22, data_bits);
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
    const auto rows = pack_rows(layer.query, C, c.numerics.query_bits, stride, noise);
    CHECK(rows.size() == static_cast<std::size_t>(layer.queries) * stride);
    for (int q = 0; q < layer.queries; ++q)
      for (int i = 0; i < C; ++i)
        CHECK(element(rows, q * stride + i * size, c.numerics.query_bits) == layer.query[q * C + i]);

    const auto mask = pack_mask(layer.padding, noise);
    CHECK(mask.size() == layer.padding.size());
    for (std::size_t i = 0; i < mask.size(); ++i) CHECK((mask[i] != 0) == (layer.padding[i] != 0));

    const auto references = pack_references(layer, noise);
    CHECK(references.size() == layer.reference.size() * 4);
    for (std::size_t i = 0; i < layer.reference.size(); ++i)
      CHECK(read_signed(references, i * 32, 32) == layer.reference[i]);

    const auto value = random_tensor(static_cast<std::size_t>(layer.tokens()) * C, c.numerics.feature_bits, chance);
    const auto map = pack_value_map(layer, value, c), given = pack_value_map(layer, value, c, noise);
    CHECK(value_map_bytes(layer, c) == map.size());
    CHECK(read_value_map(layer, map, c) == value);
    CHECK(read_value_map(layer, given, c) == value);
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
    CHECK(given.size() == level_start);
    bool noisy = false;
    for (std::size_t i = 0; i < level_start; ++i) {
      const bool padding = i % line >= static_cast<std::size_t>(4 * D * value_size);
      if (padding) CHECK(map[i] == 0);
      else CHECK(map[i] == given[i]);
      noisy |= padding && given[i] != 0;
    }
    CHECK(noisy == (line > static_cast<std::size_t>(4 * D * value_size)));
  }
}

namespace {

model::DenseLayer random_dense(const Config& c, int rows, int inner, int outputs, std::uint64_t seed) {
  Chance chance(seed);
  model::DenseLayer layer{c.numerics, rows, inner, outputs, {}, {}, {}, {}};
  layer.input = random_tensor(static_cast<std::size_t>(rows) * inner, c.numerics.query_bits, chance);
  layer.weight = random_tensor(static_cast<std::size_t>(outputs) * inner, c.numerics.query_weight_bits, chance);
  layer.requant = random_requants(static_cast<std::size_t>(outputs), true, chance);
  return layer;
}

}  // namespace

TEST_CASE("the panels of a dense job: what the hardware takes, and every field by its position") {
  int one = 0, several = 0;
  for (const auto& variant : variants) {
    const auto c = load_preset("nano", variant);
    const int columns = c.gemm.columns, depth = c.gemm.depth, data_bits = c.memory.data_bits;
    const int bits = std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits);
    for (const int inner : {1, 2, 5, c.gemm.max_inner - 1, c.gemm.max_inner})
      for (const int outputs : {1, columns, columns + 1, most_panel_tiles(c) * columns, 5 * columns + 2, 100}) {
        const int tiles = static_cast<int>(round_up(outputs, columns)),
                  steps = static_cast<int>(round_up(inner, depth));
        const int of_panel = panel_tiles(c, inner, outputs);
        CAPTURE(inner);
        CAPTURE(outputs);
        CHECK(of_panel >= 1);
        CHECK(of_panel <= most_panel_tiles(c));
        const bool whole = of_panel >= tiles;
        CHECK(of_panel * steps <= weight_words(c) / (whole ? 1 : 2));
        if (!whole) CHECK(of_panel * columns * element_bytes(c.numerics.output_bits) % (data_bits / 8) == 0);
        if (!whole)  // as many as there may be
          CHECK((tiles > most_panel_tiles(c) || tiles * steps > weight_words(c)));
        (whole ? one : several)++;

        const auto layer = random_dense(c, 1, inner, outputs, 9);
        const auto image = pack_panels(layer, c);
        const auto together = static_cast<int>(lying_together(columns, 54, data_bits)),
                   beside = static_cast<int>(lying_together(columns, depth * bits, data_bits));
        const auto word = whole_beats(std::uint64_t(together) * 54, data_bits),
                   entry = whole_beats(std::uint64_t(beside) * depth * bits, data_bits);
        std::uint64_t at = 0;
        int wrong = 0;
        for (int first = 0; first < tiles; first += of_panel) {
          const int last = std::min(first + of_panel, tiles);
          for (int o = first * columns; o < last * columns; ++o) {
            const auto r = o < outputs ? layer.requant[o] : model::Requant{0, 0, 0};
            const auto bit = at + static_cast<std::uint64_t>(o % together) * 54;
            wrong += static_cast<std::int32_t>(read_bits(image, bit, 32)) != r.bias ||
                     read_bits(image, bit + 32, 16) != r.mult || read_bits(image, bit + 48, 6) != r.shift;
            if (o % together == together - 1) at += word;
          }
          for (int tile = first; tile < last; ++tile)
            for (int step = 0; step < steps; ++step)
              for (int column = 0; column < columns; ++column) {
                for (int i = 0; i < depth; ++i) {
                  const int o = tile * columns + column, k = step * depth + i;
                  const bool inside = o < outputs && k < inner;
                  const auto bit = at + static_cast<std::uint64_t>((column % beside * depth + i) * bits);
                  wrong += read_signed(image, bit, bits) !=
                           (inside ? layer.weight[static_cast<std::size_t>(o * inner + k)] : 0);
                }
                if (column % beside == beside - 1) at += entry;
              }
        }
        CHECK(wrong == 0);
        CHECK(image.size() * 8 == at);
      }
  }
  MESSAGE(fmt::format("{} jobs of one panel, {} of several", one, several));
  CHECK(one > 0);
  CHECK(several > 0);
}

TEST_CASE("the descriptor of an attention layer") {
  const auto c = load_preset("nano");
  auto layer = random_layer(c, 5);
  const JobAddresses a{0x123456780, 0x2000000c0, 0x300000100, 0x400000140, 0x500000180, 0x6000001c0,
                       0x700000200, 0x800000240, 64,          128,         192};
  const model::Stages stages;
  const auto made = [&](bool map_given, bool order_kept = false) {
    return make_descriptor(AttentionWork{layer, stages, map_given, order_kept}, c, a, 77);
  };
  const auto d = made(false);
  CHECK(d[0] == 0x00030001);
  CHECK(d[1] == 2);
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
  CHECK(d[24] == 0x1c0);
  CHECK(d[25] == 6);
  CHECK(d[26] == 0x200);
  CHECK(d[27] == 7);
  CHECK(d[28] == 192);
  CHECK(d[29] == 5);
  CHECK(d[30] == 0x240);
  CHECK(d[31] == 8);
  CHECK(made(true)[1] == 4);
  CHECK(made(false, true)[1] == 0x22);
  layer.boxes = true;
  CHECK(made(false)[1] == 3);
  layer.padding.clear();
  CHECK(made(false)[1] == 1);
  layer.index_list = {4, 0};
  CHECK(made(false)[1] == 0x11);
  CHECK(made(false)[3] == 2);
  CHECK(made(false)[29] == 5);
  CHECK(std::all_of(d.begin() + 32, d.end(), [](auto word) { return word == 0; }));  // nor in memory
  const auto bytes = to_bytes(d, c);
  CHECK(bytes.size() == 128);
  CHECK(bytes[16] == 0x80);
  CHECK(bytes[19] == 0x23);
}

TEST_CASE("the descriptor of a layer that counts pixels") {
  auto layer = random_layer(load_preset("nano"), 5);
  JobAddresses a;
  a.pixel_mask = 0x9000002c0, a.padding = 0xA00000340;
  const model::Stages stages;
  const auto made = [&](const std::vector<std::string>& overrides) {
    return make_descriptor(AttentionWork{layer, stages}, load_preset("nano", overrides), a, 77);
  };
  const std::vector<std::string> counts = {"pruning.count_bits=8"};
  layer.pruning.share = 0xFEDCBA98;
  const auto d = made(counts);
  CHECK(d[54] == 0xFEDCBA98);
  CHECK(d[55] == 0x2c0);
  CHECK(d[56] == 9);
  CHECK(d[57] == 0x340);
  CHECK(d[58] == 0xA);
  CHECK(to_bytes(d, load_preset("nano", counts)).size() == 256);
  layer.pruning.share = 0;
  CHECK(made(counts)[54] == 0);
  CHECK(made({})[55] == 0);
}

TEST_CASE("the mask that a layer writes, in memory: whole beats, and what lies behind it") {
  const auto c = load_preset("nano", std::vector<std::string>{"pruning.count_bits=8"});
  auto layer = random_layer(c, 5);
  layer.pruning.share = 1 << 16, layer.pruning.count_bits = 8;
  layer.image_padding.assign(static_cast<std::size_t>(layer.tokens()), 0);
  layer.image_padding.back() = 1;
  model::Stages stages;
  for (int token = 0; token < layer.tokens(); ++token) stages.reads.push_back(token % 4);
  const auto mask = model::mask_passed_on(layer, stages);
  CHECK(mask.back() == 1);
  MemoryMap map;
  JobMemory memory(map, AttentionWork{layer, stages}, c, 3);
  auto& region = map.at("pixel mask");
  const auto& d = memory.descriptor();
  CHECK((d[55] | std::uint64_t{d[56]} << 32) == region.base);
  CHECK((d[57] | std::uint64_t{d[58]} << 32) == map.at("image padding").base);
  CHECK(memory.pixel_mask().size() == mask.size());
  const auto whole = static_cast<std::size_t>(mask_beats(c, layer.tokens()) * beat_bytes(c.memory));
  REQUIRE(region.bytes.size() > whole);
  REQUIRE(whole > mask.size());
  const auto faults_of_mask = [&] {
    const auto faults = memory.check_written();
    return std::count_if(faults.begin(), faults.end(), [](const auto& f) { return f.starts_with("pixel mask"); });
  };
  CHECK(faults_of_mask() > 0);  // nothing written yet
  for (std::size_t i = 0; i < whole; ++i)
    region.bytes[i] = i < mask.size() ? mask[i] : std::uint8_t{0}, region.writes[i] = 1;
  CHECK(faults_of_mask() == 0);
  CHECK(std::ranges::equal(memory.pixel_mask(), mask));
  region.bytes[mask.size()] = 1;
  CHECK(faults_of_mask() == 1);
  region.bytes[mask.size()] = 0, region.bytes[whole] ^= 1;
  CHECK(faults_of_mask() == 1);
  region.bytes[whole] ^= 1, region.writes[0] = 2;
  CHECK(faults_of_mask() == 1);
}

TEST_CASE("the descriptor of a dense layer") {
  const auto c = load_preset("nano");
  auto layer = random_dense(c, 7, 13, 300, 1);
  JobAddresses a;
  a.queries = 0x123456780, a.parameters = 0x400000140, a.outputs = 0x500000180;
  a.query_stride = 64, a.output_stride = 304;
  auto d = make_descriptor(layer, c, a, 78);
  const Descriptor expected = {
      0x00030002, 0, 78, 7,   0x23456780,     1,           0, 0, 0, 0, 0x140, 4,
      0x180,      5, 64, 304, 13 | 300 << 16, 2 | 75 << 16};  // panels of 8 outputs: whole beats
  CHECK(d == expected);
  layer.activation.function = model::Function::relu;
  CHECK(make_descriptor(layer, c, a, 78)[1] == 8);
}

TEST_CASE("the descriptor with an epilogue: operands, positions, residual, norm, format") {
  const auto c = load_preset("nano", epilogues[1]);
  JobAddresses a;
  a.positions = 0x900000280, a.residual = 0xA000002C0;
  // Word 32 on: position, residual, epsilon, operands, epilogue; the others are 0.
  const auto behind = [](const Descriptor& d) { return std::vector<std::uint32_t>(d.begin() + 32, d.begin() + 41); };
  const auto reserved = [](const Descriptor& d) {
    return std::all_of(d.begin() + 41, d.end(), [](auto word) { return word == 0; });
  };
  using Words = std::vector<std::uint32_t>;

  auto layer = random_layer(c, 5);
  const auto all = random_stream(c, layer.queries, c.attention.embed_dim, layer.tokens(), 1);
  const model::Stages stages;
  const auto of_layer = [&](bool given = false) {
    return make_descriptor(AttentionWork{layer, stages, given}, c, a, 77);
  };
  CHECK(behind(of_layer()) == Words{0x280, 9, 0x2C0, 10, 0, 0, 0, 0, 0});
  CHECK(of_layer()[1] == 0x002);
  layer.stream = all;
  CHECK(behind(of_layer()) ==
        Words{0x280, 9, 0x2C0, 10, 0x56789ABC, 0x21234, 0xABCD | 21 << 16, 0x1234 | 47 << 16, 19 << 8});
  CHECK(of_layer()[1] == 0x3C2);
  CHECK(of_layer(true)[1] == 0x3C4);
  CHECK(reserved(of_layer()));
  CHECK(to_bytes(of_layer(), c).size() == 256);
  layer.stream.norm.reset(), layer.stream.source.reset();
  CHECK(behind(of_layer()) == Words{0x280, 9, 0x2C0, 10, 0, 0, 0xABCD | 21 << 16, 0, 0});
  CHECK(of_layer()[1] == 0x0C2);
  layer.stream.positions.clear();
  CHECK(of_layer()[1] == 0x042);

  auto dense = random_dense(c, 7, 13, c.attention.embed_dim, 1);
  dense.stream = random_stream(c, 7, 13, 0, 2);
  dense.stream.source.reset();
  dense.result_bits = c.network.stream_bits + 2;
  dense.activation.function = model::Function::relu;
  const auto of_dense = [&] { return make_descriptor(dense, c, a, 78); };
  CHECK(behind(of_dense()) == Words{0x280, 9, 0x2C0, 10, 0x56789ABC, 0x21234, 0xABCD | 21 << 16, 0, 19 << 8});
  CHECK(of_dense()[1] == 0x2C8);
  CHECK(reserved(of_dense()));
  dense.stream.norm.reset(), dense.stream.query.reset(), dense.stream.positions.clear();
  CHECK(c.numerics.output_bits == c.numerics.query_bits);
  for (const auto& [bits, format] : {std::pair(0, 0u), {c.numerics.query_bits, 0u}, {c.network.stream_bits, 2u}}) {
    dense.result_bits = bits;
    CHECK(of_dense()[40] == format);
  }
  auto other = c;
  other.numerics.query_bits = 11;
  dense.result_bits = 11;
  CHECK(make_descriptor(dense, other, a, 78)[40] == 1);
  CHECK(of_dense()[1] == 8);
  for (const auto& [function, code] :
       {std::pair{model::Function::gelu, 1u}, {model::Function::silu, 2u}, {model::Function::sigmoid, 3u}}) {
    dense.activation = {function, {0, 0xABCD, 21}};
    const auto d = make_descriptor(dense, other, a, 78);
    CHECK(d[1] == 0);
    CHECK(d[40] == (1 | code << 4));
    CHECK(d[44] == (0xABCD | 21 << 16));
  }
}

TEST_CASE("the table of the norm, behind the image of a layer and behind the panel of a dense job") {
  for (const auto& overrides : epilogues) {
    const auto c = load_preset("nano", overrides);
    const int channels = c.attention.embed_dim;
    auto layer = random_layer(c, 3);
    auto dense = random_dense(c, 2, 9, channels, 4);
    const auto without = pack_parameters(layer, c), panel = pack_panels(dense, c);
    layer.stream = random_stream(c, layer.queries, channels, layer.tokens(), 1);
    dense.stream = random_stream(c, 2, 9, 0, 2);
    const int size = std::max({c.numerics.output_bits, c.numerics.query_bits, c.network.stream_bits}) <= 8 ? 1 : 2,
              together = c.memory.data_bits / 8 / size;
    const auto entry = whole_beats(static_cast<std::uint64_t>(together) * 48, c.memory.data_bits);
    const auto check = [&](const Bytes& image, const Bytes& before, const model::Norm& norm) {
      CHECK(std::equal(before.begin(), before.end(), image.begin()));
      CHECK(image.size() * 8 == before.size() * 8 + static_cast<std::uint64_t>(channels / together) * entry);
      for (int i = 0; i < channels; ++i) {
        const auto at = before.size() * 8 + static_cast<std::uint64_t>(i / together) * entry +
                        static_cast<std::uint64_t>(i % together) * 48;
        CHECK(read_signed(image, at, 16) == norm.gamma[static_cast<std::size_t>(i)]);
        CHECK(read_signed(image, at + 16, 32) == norm.beta[static_cast<std::size_t>(i)]);
      }
    };
    check(pack_parameters(layer, c), without, *layer.stream.norm);
    check(pack_panels(dense, c), panel, *dense.stream.norm);
  }
}

TEST_CASE("rows of the stream in memory: their elements, who reads them, residual rows in place or not") {
  for (const auto& overrides : epilogues) {
    const auto c = load_preset("nano", overrides);
    const int channels = c.attention.embed_dim, beat = c.memory.data_bits / 8,
              size = std::max({c.numerics.output_bits, c.numerics.query_bits, c.network.stream_bits}) <= 8 ? 1 : 2;
    // Clients of positions and of residual rows come last.
    const auto clients = static_cast<int>(read_clients(c).size());
    auto layer = random_layer(c, 6);
    layer.stream = random_stream(c, layer.queries, channels, layer.tokens(), 3);
    model::Stages stages;
    stages.value.assign(static_cast<std::size_t>(layer.tokens()) * channels, 1);
    int in_place = 0, apart = 0;
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      MemoryMap map;
      JobMemory memory(map, AttentionWork{layer, stages}, c, seed);
      const auto& d = memory.descriptor();
      const auto address = [&](int word) { return d[word] | std::uint64_t{d[word + 1]} << 32; };
      const auto same = [&](const char* name, int word, std::uint32_t stride, const std::vector<std::int32_t>& rows,
                            int client) {
        CAPTURE(name);
        const auto& region = map.at(name);
        CHECK(region.base == address(word));
        CHECK(region.base % 64 == 0);
        CHECK(region.read_ids == id_mask(client));
        CHECK(stride % beat == 0);
        for (std::size_t i = 0; i < rows.size(); ++i)
          CHECK(read_element(&region.bytes[i / channels * stride + i % channels * size], size) == rows[i]);
      };
      same("query rows", 4, d[14], layer.stream.queries, 1);
      same("position rows", 32, d[14], layer.stream.positions, clients - 2);
      same("source rows", 24, d[28], layer.stream.sources, 1);
      auto& outputs = map.at("output rows");
      CHECK(outputs.base == address(12));
      const bool here = address(34) == address(12);
      (here ? in_place : apart)++;
      same(here ? "output rows" : "residual rows", 34, d[15], layer.stream.residual, clients - 1);
      CHECK(outputs.in_place == here);
      CHECK((outputs.read_ids != 0) == here);
      for (std::size_t i = 0; i < layer.stream.residual.size(); ++i)
        for (int b = 0; b < size; ++b)
          outputs.writes[i / channels * d[15] + i % channels * size + static_cast<std::size_t>(b)] = 1;
      if (here) CHECK(memory.output_rows() == layer.stream.residual);
      auto& value = map.at("value map");
      value.bytes = pack_value_map(layer, stages.value, c), value.writes.assign(value.bytes.size(), 1);
      CHECK(memory.check_written().empty());
    }
    CHECK(in_place > 3);
    CHECK(apart > 3);
  }
}

TEST_CASE("a job in memory: regions, strides, and the faults of what it writes") {
  const auto c = load_preset("small");
  const auto layer = random_layer(c, 6);
  model::Stages stages;
  stages.value.assign(static_cast<std::size_t>(layer.tokens()) * c.attention.embed_dim, 1);
  bool wide_stride = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    MemoryMap map;
    JobMemory memory(map, AttentionWork{layer, stages}, c, seed);
    const auto& d = memory.descriptor();
    const auto address = [&](int word) { return d[word] | std::uint64_t{d[word + 1]} << 32; };
    for (const int word : {4, 6, 8, 10, 12, 24, 26}) CHECK(address(word) % 64 == 0);
    CHECK(memory.descriptor_address() % 64 == 0);
    for (const int word : {14, 15, 28}) CHECK(d[word] % 16 == 0);
    for (const int word : {14, 15}) CHECK(d[word] >= 128);
    CHECK(d[28] >= 64);
    wide_stride |= d[15] > 128;
    CHECK(map.at("mask").bytes.size() % 64 == 0);
    CHECK(map.at("source rows").base == address(24));
    CHECK(memory.untouched());
    CHECK(memory.check_written().size() == 20);  // nothing written yet
    auto& rows = map.at("output rows");
    CHECK(rows.base == address(12));
    for (int q = 0; q < layer.queries; ++q)
      for (int i = 0; i < 128; ++i) {
        rows.bytes[q * d[15] + i] = static_cast<std::uint8_t>(i % 2 ? 0xff : q - 100);
        rows.writes[q * d[15] + i] = 1;
      }
    CHECK(memory.check_written().at(0) == "value map, block 0, byte 0: written 0 times");
    CHECK(!memory.untouched());
    auto& value = map.at("value map");
    CHECK(value.base == address(8));
    value.bytes = pack_value_map(layer, stages.value, c);
    value.writes.assign(value.bytes.size(), 1);
    CHECK(memory.check_written().empty());
    CHECK(memory.value_map() == stages.value);
    // Level 0 is 3 high and 6 wide: block 3 has pixels below it.
    value.bytes[3 * 4 * 64 + 33] = 5;
    CHECK(memory.check_written().at(0) ==
          "value map, block 12, byte 33: padding or a pixel outside of its level that is not zero");
    value.bytes[3 * 4 * 64 + 33] = 0;
    for (const auto x : memory.output_rows()) CHECK((x >= -100 && x <= -96));
    rows.writes[d[15]] = 2;
    CHECK(memory.check_written().at(0) == "output row 1, byte 0: written 2 times instead of 1");
    rows.writes[d[15]] = 1;
    if (d[15] > 128) {
      rows.bytes[130] ^= 1;
      CHECK(memory.check_written().at(0) == "output row 0, byte 130: outside the row, but changed");
    }
  }
  CHECK(wide_stride);
}

TEST_CASE("a job with a given map, and a dense one, in memory") {
  const auto c = load_preset("small");
  const auto layer = random_layer(c, 6);
  model::Stages stages;
  stages.value.assign(static_cast<std::size_t>(layer.tokens()) * c.attention.embed_dim, 1);
  MemoryMap map;
  const JobMemory given(map, AttentionWork{layer, stages, true}, c, 1);
  CHECK(given.value_map().empty());
  CHECK(map.at("value map").write_ids == 0);
  CHECK_THROWS(map.at("source rows"));
  CHECK_THROWS(map.at("mask"));
  CHECK(given.untouched());

  const auto dense_layer = random_dense(c, 3, 20, 37, 2);
  const std::vector<std::int32_t> product(3 * 37);
  const JobMemory dense(map, DenseWork{dense_layer, product}, c, 1);
  const auto& d = dense.descriptor();
  CHECK(map.at("input rows").base == (d[4] | std::uint64_t{d[5]} << 32));
  CHECK(map.at("panels").bytes == pack_panels(dense_layer, c));
  CHECK(d[14] >= 48);  // 20 elements of 2 bytes, beats of 16
  CHECK(d[15] >= 80);
  CHECK(d[16] == (20 | 37 << 16));
  CHECK(d[17] == static_cast<std::uint32_t>(panel_tiles(c, 20, 37) | divide_up(37, c.gemm.columns) << 16));
  auto& rows = map.at("output rows");
  for (std::size_t i = 0; i < rows.bytes.size(); ++i)
    if (rows.in_row(i)) rows.bytes[i] = 0, rows.writes[i] = 1;
  CHECK(dense.output_rows() == product);
  CHECK(dense.check_written().empty());
  rows.bytes[37 * 2] = 1;
  CHECK(dense.check_written().at(0) == "output row 0, byte 74: padding that is not zero");
}
