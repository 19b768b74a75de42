// Blocks between the logits and the corner weights, each alone on the interpreter against its step of the model.
#include <map>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

/// A point tag in the order of its ports: slot, sample, head, level, last_of_head, last_of_query, last_of_group,
/// anchor.
Words random_tag(Random& random, const accel::Shapes& s, bool last_of_head) {
  Words tag = {random.in(0, s.slots() - 1),
               s.sample_place(static_cast<int>(random.in(0, s.a.samples_per_query() - 1))),
               random.in(0, s.a.heads - 1),
               random.in(0, s.a.levels - 1),
               last_of_head,
               random.in(0, 1),
               random.in(0, 1)};
  if (s.has_anchors()) tag.push_back(random.in(0, s.a.anchors - 1));
  return tag;
}

std::vector<model::LevelShape> random_levels(Random& random, const Attention& a) {
  std::vector<model::LevelShape> levels;
  for (int l = 0; l < a.levels; ++l)
    levels.push_back({static_cast<int>(random.chance(30) ? a.max_height : random.in(1, a.max_height)),
                      static_cast<int>(random.chance(30) ? a.max_width : random.in(1, a.max_width))});
  return levels;
}

/// Columns x0, x0 + 1 and rows y0, y0 + 1 that lie in the map, as bits 0..3.
std::int64_t inside(std::int64_t x0, std::int64_t y0, model::LevelShape level) {
  const auto in = [](std::int64_t at, int side) { return at >= 0 && at < side; };
  return in(x0, level.width) | in(x0 + 1, level.width) << 1 | in(y0, level.height) << 2 | in(y0 + 1, level.height) << 3;
}

}  // namespace

TEST_CASE("softmax") {
  for_all("softmax", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_softmax);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto table = model::exp2_table(n);
    std::vector<std::vector<std::int64_t>> wanted;
    for (int head = 0; head < 60; ++head) {
      std::vector<std::int32_t> logits, weights(static_cast<std::size_t>(config.attention.samples_per_head()));
      const int spread = static_cast<int>(random.in(2, n.logit_bits()));  // close together, or far apart
      for (std::size_t i = 0; i < weights.size(); ++i)
        logits.push_back(static_cast<std::int32_t>(random.number(spread)));
      model::softmax_row(logits, table, n, weights);
      const auto at_once = static_cast<std::ptrdiff_t>(block.s.points_at_once());
      for (auto i = std::ptrdiff_t{0}; i < std::ssize(weights); i += at_once) {
        auto tag = random_tag(random, block.s, i + at_once == std::ssize(weights));
        Words in(logits.begin() + i, logits.begin() + i + at_once),
            out(weights.begin() + i, weights.begin() + i + at_once);
        in.insert(in.end(), tag.begin(), tag.end()), out.insert(out.end(), tag.begin(), tag.end());
        bench.push("logit", in), wanted.push_back(out);
      }
    }
    bench.expect("attention", wanted.size());
    const auto cycles = bench.run();
    const auto& got = bench.received("attention");
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(Words(got[i].begin(), got[i].end()) == wanted[i]);
    // A sample, or points_per_cycle of them, a cycle when nothing stalls.
    if (options.stall_percent == 0 && config.attention.samples_per_head() > 1) CHECK(cycles < wanted.size() + 60);
  });
}

TEST_CASE("index_gen") {
  for_all("index_gen", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_index_gen);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto& s = block.s;
    sim.set("offset_write_enable", 0), sim.set("reference_write_enable", 0);
    const auto levels = random_levels(random, config.attention);
    for (std::size_t l = 0; l < levels.size(); ++l) {
      sim.set(fmt::format("levels_width_{}", l), static_cast<unsigned>(levels[l].width));
      sim.set(fmt::format("levels_height_{}", l), static_cast<unsigned>(levels[l].height));
    }
    const bool boxes = options.seed % 2 == 0;
    sim.set("boxes", boxes);
    const bool held = s.has_ranges() && options.seed % 3 != 0;
    std::vector<int> range;
    for (std::size_t l = 0; s.has_ranges() && l < levels.size(); ++l) {
      range.push_back(static_cast<int>(random.chance(30) ? config.pruning.max_range : random.in(0, 9)) %
                      (config.pruning.max_range + 1));
      sim.set(fmt::format("ranges_range_{}", l), static_cast<unsigned>(range.back()));
    }
    if (s.has_ranges()) sim.set("ranges_held", held);
    using Pair = std::pair<std::int32_t, std::int32_t>;  // x, y
    std::map<std::pair<std::int64_t, std::int64_t>, Pair> offsets, references, sizes;
    for (int slot = 0; slot < s.slots(); ++slot) {
      for (int word = 0; word < s.offset_words(); ++word) {  // the last one may be filled up
        BitVector together;
        for (int i = 0; i < s.points_of_word(); ++i) {
          const auto x = random.number(n.offset_bits()), y = random.number(n.offset_bits());
          offsets[{slot, word << s.element_bits() | i}] = {x, y};
          together.add(x, n.offset_bits()).add(y, n.offset_bits());
        }
        write_table(bench, "offset_write", 0, slot << s.offset_word_bits() | word, together);
      }
      for (int i = 0; i < s.references(); ++i) {  // of levels and their anchors
        // In the map, around it, or anywhere.
        const auto coordinate = [&] {
          return random.chance(70)   ? random.in(0, 65536)
                 : random.chance(70) ? random.in(-200000, 200000)
                                     : random.number(32);
        };
        const auto x = coordinate(), y = coordinate();
        references[{slot, i}] = {x, y};
        const auto size = [&] { return random.chance(80) ? random.in(0, 65536) : random.in(0, (1 << 17) - 1); };
        const auto width = size(), height = size();
        sizes[{slot, i}] = {width, height};
        write_table(bench, "reference_write", 0,
                    (slot << s.level_bits() | i / s.a.anchors) << s.anchor_bits() | i % s.a.anchors,
                    BitVector().add(x, 32).add(y, 32).add(width, 17).add(height, 17));
      }
    }
    std::vector<Words> wanted;
    std::int64_t groups = 0, freed = 0;
    for (int i = 0; i < 400; ++i) {
      const auto tag = random_tag(random, s, random.chance(20));
      const auto weight = random.in(0, 1 << n.attention_bits);
      Words in{weight};
      in.insert(in.end(), tag.begin(), tag.end());
      bench.push("attention", in);
      groups += tag[6];
      const auto offset = offsets[{tag[0], tag[1]}];
      const auto anchor = tag[3] * s.a.anchors + (s.has_anchors() ? tag[7] : 0);
      const auto reference = references[{tag[0], anchor}];
      const auto level = levels[static_cast<std::size_t>(tag[3])];
      const auto size = sizes[{tag[0], anchor}];
      const auto move = [&](std::int32_t by, std::int32_t box, int side) {
        const auto free =
            boxes ? model::move_in_box(by, box, side, config.attention.points, n) : model::move_from_point(by, n);
        return held ? model::held(free, range[static_cast<std::size_t>(tag[3])]) : free;
      };
      const auto move_x = move(offset.first, size.first, level.width),
                 move_y = move(offset.second, size.second, level.height);
      const auto x = model::location(reference.first, move_x, level.width, n);
      const auto y = model::location(reference.second, move_y, level.height, n);
      wanted.push_back({x, y, weight, inside(model::split(x, n).pixel, model::split(y, n).pixel, level), tag[2], tag[3],
                        tag[4], tag[5]});
      if (const int distance = config.feature_cache.bypass_distance; distance > 0)
        wanted.back().push_back(std::max(model::whole_pixels(move_x), model::whole_pixels(move_y)) >= distance);
    }
    bench.on_cycle([&](auto& now) { freed += static_cast<std::int64_t>(now.get("group_freed")); });
    bench.expect("location", wanted.size());
    bench.run();
    const auto got = bench.received("location");
    const auto got_signed = bench.received_signed("location");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Words result(got[i].begin(), got[i].end());
      result[0] = got_signed[i][0], result[1] = got_signed[i][1];
      REQUIRE(result == wanted[i]);
    }
    CHECK(freed == groups);
  });
}

TEST_CASE("weight_gen") {
  for_all("weight_gen", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_weight_gen);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto levels = random_levels(random, config.attention);
    std::vector<Words> wanted;
    for (int i = 0; i < 500; ++i) {
      const auto l = random.in(0, config.attention.levels - 1);
      const auto level = levels[static_cast<std::size_t>(l)];
      const auto coordinate = [&](int side) {
        auto p = random.in(-(2 << n.interp_frac_bits), (side + 1) << n.interp_frac_bits);
        if (random.chance(20)) p &= ~((std::int64_t{1} << n.interp_frac_bits) - 1);  // on a pixel
        return static_cast<std::int32_t>(p);
      };
      const auto x = coordinate(level.width), y = coordinate(level.height);
      const auto attention = static_cast<std::int32_t>(random.chance(20)   ? 1 << n.attention_bits
                                                       : random.chance(20) ? random.in(0, 3)
                                                                           : random.in(0, 1 << n.attention_bits));
      const auto px = model::split(x, n).pixel, py = model::split(y, n).pixel;
      const auto head = random.in(0, config.attention.heads - 1), last = random.in(0, 1), end = random.in(0, 1);
      Words in{x, y, attention, inside(px, py, level), head, l, last, end};
      const auto w = model::corner_weights(attention, x, y, level, n);
      wanted.push_back({w[0], w[1], w[2], w[3], px, py, head, l, last, end});
      if (block.s.has_bypass()) in.push_back(random.in(0, 1)), wanted.back().push_back(in.back());  // far
      bench.push("location", in);
    }
    bench.expect("corners", wanted.size());
    const auto cycles = bench.run();
    const auto got = bench.received("corners");
    const auto got_signed = bench.received_signed("corners");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Words result(got[i].begin(), got[i].end());
      result[4] = got_signed[i][4], result[5] = got_signed[i][5];
      REQUIRE(result == wanted[i]);
    }
    if (options.stall_percent == 0) CHECK(cycles < wanted.size() + 10);
  });
}

TEST_CASE("point_source") {
  for_all("point_source", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_point_source);
    StreamBench bench(block.module, options);
    bench.interpreter().set("logit_write_enable", 0);
    Random random(options.seed);
    const auto& s = block.s;
    const auto& a = config.attention;
    std::map<std::pair<int, int>, std::int64_t> logits;
    for (int slot = 0; slot < s.slots(); ++slot)
      for (int word = 0; word < s.logit_words(); ++word) {
        BitVector together;
        for (int i = 0; i < lane_logits(config); ++i) {
          const auto logit = random.number(config.numerics.logit_bits());
          logits[{slot, word * lane_logits(config) + i}] = logit;
          together.add(logit, config.numerics.logit_bits());
        }
        write_table(bench, "logit_write", 0, slot << s.logit_word_bits() | word, together);
      }
    std::vector<Words> wanted;
    const int row_slots = 1 << s.row_bits(), at_once = s.points_at_once();
    for (int group = 0; group < 10; ++group) {
      const int rows = static_cast<int>(random.chance(50) ? s.rows() : random.in(1, s.rows()));
      bench.push("rows", {rows});
      for (int row = 0; row < rows; ++row)
        for (int sample = 0; sample < a.samples_per_query(); sample += at_once) {
          const int slot = group % accel::group_buffers * row_slots + row, next = sample + at_once;
          const bool last_of_head = next % a.samples_per_head() == 0, last_of_query = next == a.samples_per_query();
          Words vector;
          for (int i = sample; i < next; ++i) vector.push_back(logits[{slot, i}]);
          int level = 0, point = sample % a.samples_per_head();
          while (point >= (a.level_points.empty() ? a.points : a.level_points[static_cast<std::size_t>(level)]))
            point -= a.level_points.empty() ? a.points : a.level_points[static_cast<std::size_t>(level)], ++level;
          for (const std::int64_t part : Words{slot, s.sample_place(sample), sample / a.samples_per_head(), level,
                                               last_of_head, last_of_query, last_of_query && row + 1 == rows})
            vector.push_back(part);
          if (s.has_anchors()) vector.push_back(point % a.anchors);
          wanted.push_back(vector);
        }
    }
    bench.expect("logit", wanted.size());
    const auto cycles = bench.run();
    const auto got = bench.received("logit");
    const auto got_signed = bench.received_signed("logit");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      Words result(got[i].begin(), got[i].end());
      for (std::size_t n = 0; n < static_cast<std::size_t>(at_once); ++n) result[n] = got_signed[i][n];
      REQUIRE(result == wanted[i]);
    }
    if (options.stall_percent == 0) CHECK(cycles < wanted.size() + 5);
  });
}
