// What layers and networks leave out: ranges (N5), points of small weight (N19), pixels that are seldom read (N20).
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/load.hpp"
#include "model/program.hpp"
#include "model/steps.hpp"
#include "network/evaluate.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"
#include "unit/random_layer.hpp"
#include "unit/refusal.hpp"
#include "unit/workload_file.hpp"

using namespace quillgen;
using test::numerics_names;
using test::Random;
using test::random_layer;

namespace {

/// 1 = dropped.
using PixelMask = std::vector<std::uint8_t>;
using RealPruning = quillgen::Pruning;

/// 1.0 of the share of N20.
constexpr std::int64_t whole_mean = std::int64_t{1} << model::share_frac_bits;

model::Pruning pixels_below(std::int64_t share, int count_bits = 16) {
  model::Pruning p;
  p.share = share, p.count_bits = count_bits;
  return p;
}

/// Masks of one level, a row of pixels.
std::vector<std::uint8_t> mask_of(const std::vector<std::int64_t>& reads, const model::Pruning& pruning) {
  return dropped_pixels(reads, {{1, static_cast<int>(reads.size())}}, pruning);
}

struct TinyNetwork {
  explicit TinyNetwork(const std::string& name) : config(load_preset("detector")) {
    const auto file = std::string(EXAMPLES) + "/" + name;
    net = network::load_network(file + ".safetensors");
    scales = network::read_scales(file + ".scales.json", net, config);
    scene = network::SceneFile(file + "_scenes.safetensors", net).scene(0);
    source = quantised(scene.source, scales.of("encoder.input"), config.network.stream_bits);
  }
  /// Of the integers by name.
  std::map<std::string, model::Integers> run(const RealPruning& pruning, model::Detections* found = nullptr) const {
    std::map<std::string, model::Integers> tensors;
    const auto all = model::run(quantise(net, scales, config, pruning), source,
                                [&](const std::string& tensor, std::span<const std::int32_t> values) {
                                  tensors[tensor] = model::Integers(values.begin(), values.end());
                                });
    if (found != nullptr) *found = all;
    return tensors;
  }

  Config config;
  network::Network net;
  network::Scales scales;
  network::Scene scene;
  model::Integers source;
};

/// Rows of a value map that are all zero.
template <typename Number>
PixelMask zero_rows(const std::vector<Number>& map, int channels) {
  PixelMask zero;
  for (auto row = map.begin(); row != map.end(); row += channels)
    zero.push_back(std::all_of(row, row + channels, [](Number x) { return x == 0; }));
  return zero;
}

}  // namespace

TEST_CASE("N5: a move is held to the range, off is not the largest, 0 is the reference itself") {
  CHECK(model::held(5 << 16, 3) == 3 << 16);
  CHECK(model::held(-(5 << 16), 3) == -(3 << 16));
  CHECK(model::held((3 << 16) - 1, 3) == (3 << 16) - 1);
  CHECK(model::held(-1, 0) == 0);
  CHECK_THROWS(model::held(0, -1));
  CHECK_THROWS(model::held(0, 1025));
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    auto layer = random_layer(random);
    const auto& n = layer.numerics;
    const auto levels = layer.levels.size();
    const auto off = model::run_sampling(layer);
    layer.pruning.range.assign(levels, 0);
    const auto none = model::run_sampling(layer);
    layer.pruning.range.assign(levels, model::largest_range);
    CHECK(model::run_sampling(layer).location == off.location);
    for (auto& r : layer.pruning.range) r = static_cast<int>(random.in(0, 4));
    const auto st = model::run_sampling(layer);
    CHECK(st.offset == off.offset);
    const auto per_query = static_cast<std::size_t>(layer.attention.samples_per_query());
    const auto points = static_cast<std::size_t>(layer.attention.points);
    for (std::size_t s = 0; s < st.distance.size(); ++s) {
      const auto level = s / points % levels;
      const int sides[] = {layer.levels[level].width, layer.levels[level].height}, range = layer.pruning.range[level];
      CHECK(st.distance[s] <= range);
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const auto reference = layer.reference[2 * (s / per_query * levels + level) + axis];
        const double offset = std::ldexp(st.offset[2 * s + axis], -n.offset_frac_bits);
        const double one = std::exp2(n.interp_frac_bits), centre = std::ldexp(reference, -16) * sides[axis] - 0.5;
        const auto exact = [&](double most) {
          return std::clamp(std::floor((centre + std::clamp(offset, -most, most)) * one + 0.5), -2 * one,
                            (sides[axis] + 1) * one);
        };
        CHECK(st.location[2 * s + axis] == exact(range));
        CHECK(none.location[2 * s + axis] == exact(0));
        CHECK(none.distance[s] == 0);
      }
    }
  }
}

TEST_CASE("N5: in boxes too, and before the shift or behind it") {
  Random random(2);
  for (int i = 0; i < 100000; ++i) {
    const auto n = numerics_preset(numerics_names[i % 3]);
    const auto offset = random.number(n.offset_bits());
    const auto size = static_cast<std::int32_t>(random.in(0, (1 << 17) - 1));
    const int side = static_cast<int>(random.in(1, 1024)), points = static_cast<int>(random.in(1, 8));
    const int range = static_cast<int>(random.in(0, 20)), shift = 16 + n.offset_frac_bits;
    const std::int64_t half_share = (65536 + points) / (2 * points), most = std::int64_t{range} << (16 + shift);
    const std::int64_t product = offset * half_share * (std::int64_t{size} * side);
    REQUIRE(model::held(model::move_in_box(offset, size, side, points, n), range) ==
            std::clamp(product, -most, most) >> shift);
  }
  auto w = load_workload(std::string(EXAMPLES) + "/decoder_c64_boxes.safetensors");
  REQUIRE(w.boxes);
  const RealPruning pruning{0, 0, std::vector<int>(w.level_shapes.size(), 1)};
  const auto reference = run_reference(w, pruning);
  auto layer = quantise(w, reference, load_preset("small"));
  layer.pruning = quantised_pruning(pruning, layer.numerics);
  const auto st = model::run(layer);
  CHECK(*std::ranges::max_element(st.distance) == 1);  // at the range itself
  CHECK(sqnr_db(reference.output, st.output, layer.output_scale) > 37);
  CHECK(sqnr_db(run_reference(w).output, st.output, layer.output_scale) < 30);  // some are held
}

TEST_CASE("N19: T = 1 changes no head, 2^a + 1 drops all, and a plain loop in between") {
  Random random(3);
  std::int64_t without_weight = 0, dropped = 0;
  for (int i = 0; i < 100; ++i) {
    auto layer = random_layer(random);
    const int one = 1 << layer.numerics.attention_bits;
    const auto whole = model::run(layer);
    without_weight += std::ranges::count(whole.attention, 0);
    CHECK(dropped_points(layer, whole)[0].dropped == 0);
    layer.pruning.threshold = 1;
    const auto first = model::run(layer);
    CHECK(first.head == whole.head);
    CHECK(first.corner_weight == whole.corner_weight);
    layer.pruning.threshold = one + 1;
    const auto last = model::run(layer);
    CHECK(std::ranges::all_of(last.corner_weight, [](int w) { return w == 0; }));
    CHECK(std::ranges::all_of(last.head, [](int h) { return h == 0; }));
    CHECK(last.lines_touched == std::array<std::int64_t, 3>{});
    for (const auto& d : dropped_points(layer, last)) CHECK(d.dropped == d.of);
    layer.pruning.threshold = static_cast<int>(random.in(1, one));
    const auto st = model::run(layer);
    CHECK(st.attention == whole.attention);
    for (std::size_t s = 0; s < st.attention.size(); ++s) {
      const bool lives = st.attention[s] >= layer.pruning.threshold;
      dropped += !lives;
      for (std::size_t c = 4 * s; c < 4 * s + 4; ++c)
        CHECK(st.corner_weight[c] == (lives ? whole.corner_weight[c] : 0));
    }
    layer.pruning.threshold = one;  // a point that has the whole weight lives
    for (std::size_t s = 0; s < whole.attention.size(); ++s)
      CHECK(model::kept(whole.attention[s], one) == (whole.attention[s] == one ? one : 0));
  }
  CHECK(without_weight > 20);
  CHECK(dropped > 100);
}

TEST_CASE("N20: thresholds and masks by hand") {
  CHECK(model::pixel_threshold(10, 4, pixels_below(whole_mean)) == 3);           // 2.5
  CHECK(model::pixel_threshold(12, 4, pixels_below(whole_mean)) == 3);           // 3 exactly
  CHECK(model::pixel_threshold(12, 4, pixels_below(whole_mean + 1)) == 4);       // a little more
  CHECK(model::pixel_threshold(12, 4, pixels_below(whole_mean * 7 / 10)) == 3);  // 2.1
  CHECK(model::pixel_threshold(0, 4, pixels_below(whole_mean * 100)) == 0);      // nothing was read
  CHECK(model::pixel_threshold(1, 1 << 20, pixels_below(1)) == 1);               // the least share there is
  CHECK(model::pixel_threshold((std::int64_t{1} << 31) - 1, 1, pixels_below((std::int64_t{1} << 32) - 1, 32)) ==
        (std::int64_t{1} << 32) - 1);
  CHECK(model::pixel_threshold(106, 4, pixels_below(whole_mean, 2)) == 3);
  CHECK_THROWS(model::pixel_threshold(std::int64_t{1} << 31, 1, pixels_below(whole_mean)));
  CHECK_THROWS(model::pixel_threshold(1, 1, pixels_below(std::int64_t{1} << 32)));

  // Mean 2.5: below are 0 and 2.
  CHECK(mask_of({0, 2, 3, 5}, pixels_below(whole_mean)) == PixelMask{1, 1, 0, 0});
  CHECK(mask_of({0, 2, 3, 5}, pixels_below(whole_mean * 4 / 5)) == PixelMask{1, 0, 0, 0});  // below 2
  CHECK(mask_of({0, 2, 3, 5}, pixels_below(0)) == PixelMask{0, 0, 0, 0});
  CHECK(mask_of({0, 2, 3, 5}, pixels_below(2 * whole_mean)) == PixelMask{1, 1, 1, 0});      // below 5
  CHECK(mask_of({0, 2, 3, 5}, pixels_below(2 * whole_mean + 1)) == PixelMask{1, 1, 1, 1});  // below 6: everything
  CHECK(mask_of({7, 7, 7}, pixels_below(whole_mean)) == PixelMask{0, 0, 0});
  // Counts of two bits: 3 stands for 3 and more, and is kept, whatever the mean, which is of the exact counts.
  CHECK(mask_of({1, 2, 3, 100}, pixels_below(whole_mean, 2)) == PixelMask{1, 1, 0, 0});
  CHECK(mask_of({1, 2, 3, 100}, pixels_below(whole_mean, 16)) == PixelMask{1, 1, 1, 0});
  CHECK(mask_of({0, 70000, 65535, 65534}, pixels_below(4 * whole_mean)) == PixelMask{1, 0, 0, 1});
  CHECK(mask_of({1, 0, 0, 9}, pixels_below(whole_mean, 2)) == PixelMask{1, 1, 1, 0});  // mean 2.5, not 1
  // Each level has its mean.
  CHECK(dropped_pixels(std::vector<std::int64_t>{0, 2, 3, 5, 90, 110}, {{2, 2}, {2, 1}}, pixels_below(whole_mean)) ==
        PixelMask{1, 1, 0, 0, 1, 0});
  CHECK_THROWS(dropped_pixels(std::vector<std::int64_t>{0, 2, 3}, {{1, 2}}, pixels_below(whole_mean)));
  // In floating point the mean is not rounded.
  const std::vector<std::int64_t> reads = {0, 2, 3, 5};
  CHECK(dropped_pixels(reads, {{2, 2}}, 1.0) == PixelMask{1, 1, 0, 0});
  CHECK(dropped_pixels(reads, {{2, 2}}, 0.8) == PixelMask{1, 0, 0, 0});
  CHECK(dropped_pixels(reads, {{2, 2}}, 0.0) == PixelMask{0, 0, 0, 0});
  CHECK(dropped_pixels(reads, {{2, 2}}, 2.1) == PixelMask{1, 1, 1, 1});
}

TEST_CASE("N20: corners of living points of wanted queries, masked pixels among them") {
  Random random(4);
  std::int64_t counted = 0;
  for (int i = 0; i < 100; ++i) {
    auto layer = random_layer(random);
    layer.pruning = pixels_below(whole_mean);
    layer.pruning.threshold = static_cast<int>(random.in(0, 1 << (layer.numerics.attention_bits - 2)));
    if (i % 2 == 1)  // a list, the last query twice
      for (const int q : {0, layer.queries - 1, layer.queries - 1}) layer.index_list.push_back(q);
    const auto st = model::run(layer);
    std::vector<std::int64_t> reads(static_cast<std::size_t>(layer.tokens()));
    const auto& a = layer.attention;
    const auto one = std::int64_t{1} << layer.numerics.interp_frac_bits;
    const int shift = layer.numerics.attention_bits + 2 * layer.numerics.interp_frac_bits - layer.numerics.corner_bits;
    for (const int q : layer.wanted())
      for (int in_query = 0; in_query < a.samples_per_query(); ++in_query) {
        const auto s = static_cast<std::size_t>(q * a.samples_per_query() + in_query);
        if (st.attention[s] < layer.pruning.threshold) continue;
        std::size_t token = 0;
        for (int l = 0; l < a.levels; ++l)
          for (int y = 0; y < layer.levels[static_cast<std::size_t>(l)].height; ++y)
            for (int x = 0; x < layer.levels[static_cast<std::size_t>(l)].width; ++x, ++token) {
              if (l != in_query / a.points % a.levels) continue;
              const auto gx = one - std::abs(st.location[2 * s] - x * one),
                         gy = one - std::abs(st.location[2 * s + 1] - y * one);
              if (gx > 0 && gy > 0 && model::round_shift(st.attention[s] * gx * gy, shift) != 0) ++reads[token];
            }
      }
    REQUIRE(st.reads == reads);
    counted += std::accumulate(reads.begin(), reads.end(), std::int64_t{0});
    layer.padding.assign(reads.size(), 1);
    CHECK(model::run(layer).reads == reads);
    layer.pruning.share = 0;
    CHECK(model::run(layer).reads.empty());
  }
  CHECK(counted > 1000);
}

TEST_CASE("shares to integers, and the texts that they come in") {
  const auto mixed = numerics_preset("mixed"), int8 = numerics_preset("int8");
  const auto threshold = [](double share, const Numerics& n) { return quantised_pruning({share, 0, {}}, n).threshold; };
  CHECK(threshold(0.03, mixed) == 31);  // 30.72
  CHECK(threshold(0.03, int8) == 8);    // 7.68
  CHECK(threshold(0, mixed) == 0);
  CHECK(threshold(1e-9, mixed) == 1);
  CHECK(threshold(0.25, mixed) == 256);
  CHECK(threshold(1, mixed) == 1024);
  CHECK(threshold(1.0001, mixed) == 1025);
  CHECK(threshold(2, int8) == 257);
  const auto share = [&](double pixels) { return quantised_pruning({0, pixels, {}}, mixed).share; };
  CHECK(share(0) == 0);
  CHECK(share(1e-9) == 1);
  CHECK(share(0.7) == 45875);
  CHECK(share(1) == whole_mean);
  CHECK(share(most_pixels) == 65535 * whole_mean);
  CHECK(quantised_pruning({0, 0, {8, 0}}, mixed).range == std::vector<int>{8, 0});
  CHECK(!quantised_pruning({}, mixed).any());

  CHECK(parse_share("0.03", 2) == 0.03);
  CHECK(parse_share("2", 2) == 2);
  for (const auto* wrong : {"", "-0.1", "2.1", "0.1x", "nan", "x", "0,1", " 1"}) CHECK(!parse_share(wrong, 2));
  CHECK(parse_range("8,8,4,2", 4) == std::vector<int>{8, 8, 4, 2});
  CHECK(parse_range("0", 1) == std::vector<int>{0});
  CHECK(parse_range("1024,0", 2) == std::vector<int>{1024, 0});
  CHECK(parse_range("off", 4) == std::vector<int>{});
  for (const auto* wrong :
       {"", "8,8,4", "8,8,4,2,1", "8,8,4,", ",8,4,2", "8,8,4,-1", "8,8,4,1025", "8,8,4,2.5", "none"})
    CHECK(!parse_range(wrong, 4));
}

TEST_CASE("a layer with prunings that it cannot have is refused; jobs of a program have theirs") {
  Random random(5);
  const auto good = random_layer(random);
  const auto refused = [&](auto edit) {
    auto layer = good;
    edit(layer);
    CHECK_THROWS_AS(model::run(layer), std::logic_error);
  };
  refused([](auto& l) { l.pruning.range.assign(l.levels.size() + 1, 1); });
  refused([](auto& l) { l.pruning.range.assign(l.levels.size(), -1); });
  refused([](auto& l) { l.pruning.threshold = -1; });
  refused([](auto& l) { l.pruning.threshold = (1 << l.numerics.attention_bits) + 2; });
  refused([](auto& l) { l.pruning.share = -1; });
  refused([](auto& l) { l.pruning.share = std::int64_t{1} << 32; });
  refused([](auto& l) { l.pruning.count_bits = 0; });
  refused([](auto& l) { l.image_padding.assign(static_cast<std::size_t>(l.tokens()) + 1, 0); });
  const TinyNetwork tiny("tiny_detector");
  const auto program = [&](const RealPruning& p) {
    return model::make_program(quantise(tiny.net, tiny.scales, tiny.config, p), tiny.config, tiny.source);
  };
  // The mask of each encoder layer is that of the next layer, and the last one that of the decoder.
  const auto masked = program({0, 1, {}});
  const auto whole = model::run(quantise(tiny.net, tiny.scales, tiny.config, {0, 1, {}}), tiny.source);
  std::vector<std::uint8_t> mask;
  std::string name;
  std::size_t encoders = 0;
  for (const auto& job : masked.jobs) {
    const auto* a = std::get_if<model::ProgramAttention>(&job.work);
    if (a == nullptr) continue;
    CHECK(a->layer.padding == mask);
    CHECK(a->mask == name);
    CHECK(a->pixel_mask.empty() == a->layer.boxes);
    if (a->layer.boxes) continue;
    mask = whole.masks.at(encoders++), name = a->pixel_mask;
    CHECK(model::mask_passed_on(a->layer, a->stages) == mask);
    CHECK(masked.tensors.at(name).rows == static_cast<int>(mask.size()));
  }
  CHECK(encoders == tiny.net.encoder.size());
  CHECK(masked.detections.masks == whole.masks);
  CHECK(masked.detections.boxes == whole.boxes);
  std::size_t attention = 0;
  for (const auto& job : program({0.03, 0, {8, 8, 4, 2}}).jobs) {
    const auto* a = std::get_if<model::ProgramAttention>(&job.work);
    if (a == nullptr) continue;
    ++attention;
    CHECK(a->layer.pruning.threshold > 0);
    CHECK(a->layer.pruning.range == std::vector<int>{8, 8, 4, 2});
  }
  CHECK(attention == tiny.net.encoder.size() + tiny.net.decoder.size());
}

TEST_CASE("networks: the mask of an encoder layer is what the next one and the decoder do not see") {
  for (const std::string name : {"tiny_detector", "tiny_sparse_detector"}) {
    CAPTURE(name);
    const TinyNetwork tiny(name);
    const int channels = tiny.net.channels;
    const auto listed = std::int64_t{name == "tiny_detector" ? tiny.net.tokens() : tiny.net.listed()};
    model::Detections found;
    const auto whole = tiny.run({}), pruned = tiny.run({0.03, 0.8, {}}, &found);
    REQUIRE(found.masks.size() == 3);
    CHECK(pruned.at("encoder.0.value") == whole.at("encoder.0.value"));
    const auto half = [](const PixelMask& mask) {
      const auto dropped = std::ranges::count(mask, 1), all = std::ssize(mask);
      return dropped > all / 20 && dropped < all * 3 / 4;
    };
    for (const auto& mask : found.masks) CHECK(half(mask));
    CHECK(found.masks[0] != found.masks[1]);
    for (std::size_t t = 0; t < found.masks[0].size(); ++t) {
      const bool revived = found.masks[0][t] == 1 && found.masks[1][t] == 0;
      if (revived) CHECK(zero_rows(pruned.at("encoder.2.value"), channels)[t] == 0);
    }
    CHECK(zero_rows(pruned.at("encoder.1.value"), channels) == found.masks[0]);
    CHECK(zero_rows(pruned.at("encoder.2.value"), channels) == found.masks[1]);
    CHECK(zero_rows(pruned.at("decoder.0.cross.value"), channels) == found.masks[2]);
    CHECK(zero_rows(pruned.at("decoder.1.cross.value"), channels) == found.masks[2]);
    const auto total = model::total(found.dropped);
    CHECK(total.encoder_points.of == 3 * listed * 64);
    CHECK(total.decoder_points.of == 2 * 30 * 64);
    CHECK(total.pixels.of == 3 * 340);
    CHECK(total.encoder_points.share() > 0.2);
    CHECK(total.decoder_points.share() > 0.2);
    std::int64_t dropped = 0;
    for (const auto& mask : found.masks) dropped += std::ranges::count(mask, 1);
    CHECK(total.pixels.dropped == dropped);
    CHECK(found.dropped.size() == 4);
    CHECK(found.dropped[3].pixels.of == 3 * 4);

    // In floating point the same, and nearly the same pixels.
    std::map<std::string, std::vector<double>> values;
    const auto exact = run_float(tiny.net, {0.03, 0.8, {}}, tiny.scene.source,
                                 [&](const std::string& tensor, std::span<const double> v) {
                                   values[tensor] = std::vector<double>(v.begin(), v.end());
                                 });
    CHECK(zero_rows(values.at("encoder.0.value"), channels) == PixelMask(340));
    CHECK(zero_rows(values.at("encoder.2.value"), channels) == exact.masks[1]);
    CHECK(zero_rows(values.at("decoder.1.cross.value"), channels) == exact.masks[2]);
    int differ = 0;
    for (std::size_t t = 0; t < 340; ++t) differ += found.masks[0][t] != exact.masks[0][t];
    CHECK(differ < 30);

    // From nothing to everything.
    const auto same = tiny.run({0, 0, {}}, &found);
    CHECK(same == whole);
    CHECK(found.masks.empty());
    CHECK(tiny.run({0, 0, {1024, 1024, 1024, 1024}}) == whole);
    const auto all = tiny.run({0, most_pixels, {}}, &found);
    for (const auto& mask : found.masks) CHECK(std::ranges::count(mask, 1) > 330);  // but those no layer can drop
    CHECK(zero_rows(all.at("decoder.1.cross.value"), channels) == found.masks[2]);
    const auto no_point = tiny.run({2, 0, {}}, &found);
    for (const auto* heads : {"encoder.0.heads", "encoder.2.heads", "decoder.1.cross.heads"})
      CHECK(std::ranges::all_of(no_point.at(heads), [](int h) { return h == 0; }));
    CHECK(model::total(found.dropped).encoder_points.share() == 1);
  }
}

TEST_CASE("networks: integers near floating point with all that is left out; what both leave out, nearly the same") {
  const TinyNetwork tiny("tiny_detector");
  const RealPruning pruning{0.02, 0.5, {8, 8, 4, 2}};
  const auto integers = quantise(tiny.net, tiny.scales, tiny.config, pruning);
  network::Evaluator evaluator(tiny.net, integers, tiny.scales, tiny.config, pruning);
  evaluator.add(tiny.scene);
  const auto e = evaluator.result();
  for (const auto& [name, noise] : e.tensors) {
    CAPTURE(name);
    CHECK(noise.sqnr_db() > 20);
  }
  REQUIRE(e.expected);
  CHECK(e.expected->logits.sqnr_db() > 100);  // those of the file are of the network as it was trained, without
  const auto found = model::total(e.dropped), exact = model::total(e.dropped_float);
  CHECK(std::abs(found.encoder_points.share() - exact.encoder_points.share()) < 0.02);
  CHECK(std::abs(found.decoder_points.share() - exact.decoder_points.share()) < 0.04);
  CHECK(std::abs(found.pixels.share() - exact.pixels.share()) < 0.02);
}

TEST_CASE("networks: what one was trained with is in its metadata") {
  const Safetensors file(std::string(EXAMPLES) + "/tiny_detector.safetensors");
  const auto load = [&](const std::vector<std::pair<std::string, std::string>>& more) {
    SafetensorsWriter writer;
    for (const auto& [key, value] : file.metadata()) writer.metadata(key, value);
    for (const auto& [key, value] : more) writer.metadata(key, value);
    for (const auto& name : file.names()) writer.add(name, "F64", file.tensor(name).shape, file.tensor(name).data);
    const test::TemporaryFile made(writer.bytes());
    return network::load_network(made.path());
  };
  CHECK(!load({}).pruning.any());
  const auto net = load({{"prune_points", "0.03"}, {"prune_pixels", "1.0"}, {"range", "8,8,4,2"}});
  CHECK(net.pruning == RealPruning{0.03, 1, {8, 8, 4, 2}});
  CHECK(net.fingerprint != load({}).fingerprint);
  CHECK(!load({{"range", "off"}}).pruning.any());
  const auto refuse = [&](const std::string& key, const std::string& value, const std::vector<std::string>& parts) {
    test::check_refusal(test::refusal([&] { load({{key, value}}); }), parts);
  };
  refuse("prune_points", "-1", {"metadata prune_points = \"-1\"", "0 .. 2"});
  refuse("prune_pixels", "much", {"metadata prune_pixels = \"much\"", "0 .. 65535"});
  refuse("range", "8,8,4", {"metadata range = \"8,8,4\"", "each of the 4 levels"});
  refuse("prune_point", "0.03", {"metadata \"prune_point\"", "nearest that is known is prune_points"});
}
