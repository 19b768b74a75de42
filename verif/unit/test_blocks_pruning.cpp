// Points of small weight (NUMERICS.md N19), pixels that are seldom read (N20): each block that drops them alone on the
// interpreter.
#include <array>

#include "config/derived.hpp"
#include "model/pruning.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

void for_all_pruned(const char* block, const std::function<void(const Config&, StreamBench::Options)>& test) {
  for_all(block, [&](const Config& config, StreamBench::Options options) {
    if (config.pruning.points != 0) test(config, options);
  });
}

/// A vector of points, as it goes in and comes out: weights, and the tag in the order of its ports.
struct Points {
  Words weight;
  std::int64_t live = 0;
  Words tag;
  Words of_filter() const {
    Words all = weight;
    all.push_back(live);
    all.insert(all.end(), tag.begin(), tag.end());
    return all;
  }
};
constexpr std::size_t ends_head = 4, ends_query = 5, ends_group = 6;  // in a tag

}  // namespace

TEST_CASE("point_filter") {
  for_all_pruned("point_filter", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_point_filter);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& s = block.s;
    const auto one = std::int64_t{1} << config.numerics.attention_bits;
    const auto threshold = std::vector<std::int64_t>{0, 1, one / 8, one / 2, one + 1}.at(options.seed % 5);
    bench.interpreter().set("threshold", static_cast<std::uint64_t>(threshold));
    std::vector<Words> points, heads;
    const int vectors = config.attention.samples_per_head() / s.points_at_once();
    int left = 0;  // heads of the group
    for (int head = 0; head < 200; ++head) {
      if (left == 0) left = static_cast<int>(random.in(1, 5));
      --left;
      const bool last = left == 0, of_query = last || random.chance(30);
      std::vector<Points> alive;
      for (int v = 0; v < vectors; ++v) {
        Points p;
        for (int i = 0; i < s.points_at_once(); ++i) {
          p.weight.push_back(random.chance(50) ? 0 : random.in(0, one));
          p.live |= std::int64_t{p.weight.back() >= threshold} << i;
        }
        p.tag = {random.in(0, s.slots() - 1),
                 s.sample_place(static_cast<int>(random.in(0, s.a.samples_per_query() - 1))),
                 random.in(0, s.a.heads - 1),
                 random.in(0, s.a.levels - 1),
                 v + 1 == vectors,
                 of_query && v + 1 == vectors,
                 last && v + 1 == vectors};
        if (s.has_anchors()) p.tag.push_back(random.in(0, s.a.anchors - 1));
        Words in = p.weight;
        in.insert(in.end(), p.tag.begin(), p.tag.end());
        bench.push("attention", in);
        if (p.live != 0) alive.push_back(p);
        else if (p.tag[ends_group] && alive.empty()) alive.push_back(p);  // which nothing lives in
      }
      const bool empty = alive.empty() || alive.back().live == 0;
      heads.push_back({empty, of_query});
      if (!alive.empty()) alive.back().tag[ends_head] = 1, alive.back().tag[ends_group] = last;
      for (const auto& p : alive) points.push_back(p.of_filter());
    }
    bench.expect("points", points.size()), bench.expect("head", heads.size());
    bench.run();
    const auto got_points = bench.received("points"), got_heads = bench.received("head");
    for (std::size_t i = 0; i < points.size(); ++i)
      REQUIRE(Words(got_points[i].begin(), got_points[i].end()) == points[i]);
    for (std::size_t i = 0; i < heads.size(); ++i) REQUIRE(Words(got_heads[i].begin(), got_heads[i].end()) == heads[i]);
  });
}

TEST_CASE("compactor") {
  for_all_pruned("compactor", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_compactor);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& s = block.s;
    const int at_once = s.points_at_once();
    std::vector<Words> wanted;
    std::int64_t bare = 0, freed = 0;
    for (int v = 0; v < 300; ++v) {
      Points p;
      for (int i = 0; i < at_once; ++i) p.weight.push_back(random.in(0, 1 << config.numerics.attention_bits));
      const bool none = random.chance(10);
      p.live = none ? 0 : random.in(1, (1 << at_once) - 1);
      const auto sample = random.in(0, s.a.samples_per_query() / at_once - 1) * at_once;
      p.tag = {random.in(0, s.slots() - 1),
               s.sample_place(static_cast<int>(sample)),
               random.in(0, s.a.heads - 1),
               random.in(0, s.a.levels - 1),
               random.in(0, 1),
               random.in(0, 1),
               none || random.chance(20)};
      if (s.has_anchors()) p.tag.push_back(random.in(0, s.a.anchors - 1));
      bare += none;
      bench.push("points", p.of_filter());
      for (int i = 0; i < at_once; ++i) {
        if ((p.live >> i & 1) == 0) continue;
        const bool last = p.live >> (i + 1) == 0;
        Words point{p.weight[static_cast<std::size_t>(i)]};
        auto tag = p.tag;
        tag[1] = s.sample_place(static_cast<int>(sample) + i);
        for (const auto end : {ends_head, ends_query, ends_group}) tag[end] = tag[end] && last;
        point.insert(point.end(), tag.begin(), tag.end());
        wanted.push_back(point);
      }
    }
    bench.on_cycle([&](auto& now) { freed += static_cast<std::int64_t>(now.get("group_freed")); });
    bench.expect("attention", wanted.size());
    const auto cycles = bench.run();
    const auto got = bench.received("attention");
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(Words(got[i].begin(), got[i].end()) == wanted[i]);
    // A vector that nothing lives in may be the last one.
    CHECK(freed <= bare);
    CHECK(freed + 1 >= bare);
    if (options.stall_percent == 0) CHECK(cycles <= wanted.size() + static_cast<std::size_t>(bare) + 2);
  });
}

TEST_CASE("head_join") {
  for_all_pruned("head_join", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_head_join);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& s = block.s;
    std::vector<Words> wanted;
    std::int64_t queries = 0, ended = 0;
    for (int head = 0; head < 300; ++head) {
      const bool empty = random.chance(40), last = random.chance(30);
      queries += last;
      BitVector sums;
      for (int d = 0; d < s.a.head_dim(); ++d)
        sums.add(empty ? 0 : random.number(s.head_acc_bits()), s.head_acc_bits());
      bench.push("mark", {empty, last});
      auto words = sums.transfer();
      if (!empty) {
        auto in = words;
        in.push_back(random.in(0, 1));
        bench.push("sums", in);
      }
      words.push_back(last);
      wanted.push_back(words);
    }
    bench.on_cycle([&](auto& now) { ended += static_cast<std::int64_t>(now.get("ends_query")); });
    bench.expect("head", wanted.size());
    bench.run();
    const auto got = bench.received("head");
    for (std::size_t i = 0; i < wanted.size(); ++i) REQUIRE(Words(got[i].begin(), got[i].end()) == wanted[i]);
    CHECK(ended == queries);
  });
}

// Pixels that are seldom read (N20).

namespace {

void for_all_counted(const char* block, const std::function<void(const Config&, StreamBench::Options)>& test) {
  for_all(block, [&](const Config& config, StreamBench::Options options) {
    if (config.pruning.count_bits > 0) test(config, options);
  });
}

struct Levels {
  std::vector<int> width, height;
  int tokens() const {
    int sum = 0;
    for (std::size_t l = 0; l < width.size(); ++l) sum += width[l] * height[l];
    return sum;
  }
};

/// Sides up to the largest, as many tokens as there may be.
Levels draw_levels(const Config& c, Random& random) {
  const auto& a = c.attention;
  Levels levels;
  for (int l = 0, left = a.max_tokens; l < a.levels; ++l) {
    const int room = left - (a.levels - l - 1);
    const auto wide = static_cast<int>(random.in(1, std::min({a.max_width, room, 12})));
    const auto tall = static_cast<int>(random.in(1, std::min({a.max_height, room / wide, 12})));
    levels.width.push_back(wide), levels.height.push_back(tall);
    left -= wide * tall;
  }
  return levels;
}

void set_levels(interp::Interpreter& sim, const Levels& levels, const std::string& places) {
  std::uint64_t blocks = 0;
  for (std::size_t l = 0; l < levels.width.size(); ++l) {
    const auto wide = static_cast<unsigned>(levels.width[l]), tall = static_cast<unsigned>(levels.height[l]);
    sim.set(fmt::format("levels_width_{}", l), wide);
    if (const auto height = fmt::format("levels_height_{}", l); sim.top().port_index(height) >= 0)
      sim.set(height, tall);
    sim.set(fmt::format("{}_first_block_{}", places, l), blocks);
    blocks += std::uint64_t{(wide + 1) / 2} * ((tall + 1) / 2);
  }
}

}  // namespace

TEST_CASE("pixel_counts") {
  for_all_counted("pixel_counts", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_pixel_counts);
    interp::Interpreter sim(block.module, options.seed);
    Random random(options.seed);
    const auto most = (std::int64_t{1} << config.pruning.count_bits) - 1;
    const auto idle = [&] { sim.set("clear", 0), sim.set("taken", 0), sim.set("read_enable", 0); };
    const auto reset = [&] {
      idle();
      sim.set_reset(true);
      sim.step();
      sim.set_reset(false);
    };
    reset();
    bool unknown = true;  // what the counts are
    for (int job = 0; job < 6; ++job) {
      const bool counts = job != 1;
      const Levels levels = draw_levels(config, random);
      set_levels(sim, levels, "places");
      sim.set("places_counts", counts);
      sim.set("clear", 1), sim.step(), sim.set("clear", 0);
      int cleared = 0;
      for (; sim.get("clearing") != 0; ++cleared) sim.step();
      CHECK(cleared == (counts && unknown ? count_words(config) : 0));
      unknown = unknown && !counts;
      std::vector<std::vector<std::int64_t>> count(levels.width.size());
      std::vector<std::int64_t> sums(levels.width.size());
      for (std::size_t l = 0; l < count.size(); ++l)
        count[l].resize(static_cast<std::size_t>(levels.width[l] * levels.height[l]));
      // Samples that follow each other are near each other, so that banks are written and read at once; in one job so
      // many hit one pixel that its count saturates.
      const int samples = job == 2 && config.pruning.count_bits == 8 ? 1200 : 300;
      std::int64_t x0 = 0, y0 = 0;
      for (int i = 0; i < samples; ++i) {
        const auto l = static_cast<std::size_t>(random.in(0, config.attention.levels - 1));
        const int wide = levels.width[l], tall = levels.height[l];
        if (samples > 300) x0 = y0 = 0;
        else if (random.chance(30)) x0 = random.in(-2, wide + 1), y0 = random.in(-2, tall + 1);
        else x0 = std::clamp<std::int64_t>(x0 + random.in(-1, 1), -2, wide + 1);
        const bool taken = random.chance(100 - options.stall_percent);
        sim.set("taken", taken);
        sim.set("corners_level", l);
        sim.set("corners_x0", static_cast<std::uint64_t>(x0) & hdl::mask(block.s.pixel_bits()));
        sim.set("corners_y0", static_cast<std::uint64_t>(y0) & hdl::mask(block.s.pixel_bits()));
        for (int corner = 0; corner < 4; ++corner) {
          const auto x = x0 + corner % 2, y = y0 + corner / 2;
          const bool inside = x >= 0 && x < wide && y >= 0 && y < tall;
          const auto weight = inside && random.chance(75) ? random.in(1, 1 << config.numerics.corner_bits) : 0;
          sim.set(fmt::format("corners_w{}{}", corner / 2, corner % 2), static_cast<std::uint64_t>(weight));
          if (weight == 0 || !taken || !counts) continue;
          ++count[l][static_cast<std::size_t>(y * wide + x)], ++sums[l];
        }
        sim.step();
      }
      sim.set("taken", 0);
      for (int i = 0; i < 3; ++i) sim.step();
      if (job == 3) {  // a job that is stopped leaves anything
        reset();
        unknown = true;
        continue;
      }
      for (int pass = 0; counts && pass < 2; ++pass) {  // the second finds zeros
        std::uint64_t first = 0;
        for (std::size_t l = 0; l < count.size(); ++l) {
          const int wide = levels.width[l], across = (wide + 1) / 2;
          sim.set("read_level", l);
          CHECK(sim.get("counts_reads") == static_cast<std::uint64_t>(sums[l]));
          for (int y = 0; y < levels.height[l]; ++y)
            for (int x = 0; x < wide; x += 2) {
              sim.set("read_enable", 1), sim.set("read_lower", y % 2 != 0);
              sim.set("read_address", first + static_cast<unsigned>(y / 2 * across + x / 2));
              sim.step();
              sim.set("read_enable", 0);
              const auto at = static_cast<std::size_t>(y * wide + x);
              const auto of = [&](std::size_t pixel) { return pass == 0 ? std::min(count[l][pixel], most) : 0; };
              while (random.chance(options.stall_percent)) sim.step();
              REQUIRE(sim.get("counts_left") == static_cast<std::uint64_t>(of(at)));
              REQUIRE(sim.get("counts_right") == static_cast<std::uint64_t>(x + 1 < wide ? of(at + 1) : 0));
            }
          first += static_cast<unsigned>(across * ((levels.height[l] + 1) / 2));
        }
        sim.step();
      }
    }
  });
}

TEST_CASE("pixel_threshold") {
  for_all_counted("pixel_threshold", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_pixel_threshold);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    model::Pruning pruning;
    pruning.count_bits = config.pruning.count_bits;
    bool any_full = false, any_rounded = false;
    for (int i = 0; i < 60; ++i) {
      const auto pixels = random.chance(20) ? config.attention.max_tokens : random.in(1, config.attention.max_tokens);
      const auto reads = i == 0 ? std::int64_t{0x7FFFFFFF} : random.in(0, (std::int64_t{1} << random.in(0, 31)) - 1);
      pruning.share = i == 0 ? 0xFFFFFFFF : random.in(1, (std::int64_t{1} << random.in(1, 32)) - 1);
      bench.interpreter().set("share", static_cast<std::uint64_t>(pruning.share));
      bench.push("level", {reads, pixels});
      bench.expect("threshold", 1);
      const auto cycles = bench.run();
      const auto wanted = model::pixel_threshold(reads, pixels, pruning);
      any_full = any_full || wanted == (std::int64_t{1} << pruning.count_bits) - 1;
      any_rounded = any_rounded || (pruning.share * reads) % (pixels << 16) != 0;
      REQUIRE(bench.received("threshold").back()[0] == static_cast<std::uint64_t>(wanted));
      if (options.stall_percent == 0) CHECK(cycles <= static_cast<std::uint64_t>(config.pruning.count_bits) + 36);
    }
    CHECK(any_full);
    CHECK(any_rounded);
  });
}

TEST_CASE("pixel_mask") {
  for_all_counted("pixel_mask", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_pixel_mask);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int lanes = config.core.head_lanes, beat = config.memory.data_bits / 8;
    const auto most = (std::int64_t{1} << config.pruning.count_bits) - 1;
    for (const auto* port : {"start", "padding_start", "padding_valid"}) sim.set(port, 0);
    for (int job = 0; job < 5; ++job) {
      bench.on_cycle(nullptr);
      const Levels levels = draw_levels(config, random);
      const bool counts = job != 1, padded = random.chance(60);
      set_levels(sim, levels, "job_places");
      const int tokens = levels.tokens();
      model::Pruning pruning;
      pruning.count_bits = config.pruning.count_bits;
      pruning.share = random.in(1, 1 << 17);
      const auto address = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("job_places_counts", counts), sim.set("job_padded", counts && padded);
      sim.set("job_share", static_cast<std::uint64_t>(pruning.share));
      sim.set("job_tokens", static_cast<unsigned>(tokens)), sim.set("job_mask_address", address);
      // Counts of the lanes, by block and pixel of it; and what they make.
      std::vector<std::vector<std::array<std::int64_t, 4>>> lane(static_cast<std::size_t>(lanes));
      std::vector<std::vector<std::int64_t>> sums(lane.size());
      std::vector<std::uint8_t> wanted;
      for (std::size_t l = 0; l < levels.width.size(); ++l) {
        const int wide = levels.width[l], tall = levels.height[l], across = (wide + 1) / 2;
        const auto first = lane[0].size();
        for (std::size_t i = 0; i < lane.size(); ++i) {
          lane[i].resize(first + static_cast<std::size_t>(across * ((tall + 1) / 2)));
          sums[i].push_back(random.in(0, 40 * wide * tall));
        }
        std::int64_t reads = 0;
        for (const auto& of : sums) reads += of[l];
        const auto threshold = model::pixel_threshold(reads, std::int64_t{wide} * tall, pruning);
        for (int y = 0; y < tall; ++y)
          for (int x = 0; x < wide; ++x) {
            std::int64_t count = 0;
            for (auto& of : lane) {
              const auto n = random.chance(10) ? most : random.in(0, std::min<std::int64_t>(most, 40));
              of[first + static_cast<std::size_t>(y / 2 * across + x / 2)]
                [static_cast<std::size_t>(y % 2 * 2 + x % 2)] = n;
              count += n;
            }
            wanted.push_back(std::min(count, most) < threshold);
          }
      }
      // The padding comes first; what lies behind the last token is noise.
      pulse(bench, "padding_start");
      const int beats = divide_up(tokens, beat);
      for (int b = 0; padded && b < beats; ++b) {
        BitVector bytes;
        for (int i = b * beat; i < (b + 1) * beat; ++i) {
          const bool dead = random.chance(20);
          bytes.add(dead ? random.in(1, 255) : 0, 8);
          if (i < tokens && dead) wanted[static_cast<std::size_t>(i)] = 1;
        }
        sim.set_wide(sim.port("padding_beat"), bytes.words());
        pulse(bench, "padding_valid");
      }
      wanted.resize(static_cast<std::size_t>(beats * beat));

      std::vector<std::uint64_t> left(lane.size()), right(lane.size());  // what was read last
      bool writes = false;
      bench.on_cycle([&](auto& now) {
        const auto level = now.get("read_level");
        for (std::size_t i = 0; i < lane.size(); ++i) {
          now.set(fmt::format("counts_{}_left", i), left[i]), now.set(fmt::format("counts_{}_right", i), right[i]);
          const bool exists = level < levels.width.size();
          now.set(fmt::format("counts_{}_reads", i), exists ? static_cast<std::uint64_t>(sums[i][level]) : 0);
        }
        if (now.get("writing") != 0) writes = true;
        if (now.get("read_enable") == 0) return;
        const auto at = now.get("read_address");
        REQUIRE(at < lane[0].size());
        const auto row = now.get("read_lower") != 0 ? std::size_t{2} : 0;
        for (std::size_t i = 0; i < lane.size(); ++i) {
          left[i] = static_cast<std::uint64_t>(lane[i][at][row]);
          right[i] = static_cast<std::uint64_t>(lane[i][at][row + 1]);
        }
      });
      bench.forget("beat"), bench.forget("request");
      sim.set("runs_left", 5);
      pulse(bench, "start");
      bench.run_cycles(20);
      CHECK(!writes);  // the rows are not written yet
      sim.set("runs_left", 1);
      if (!counts) {
        bench.run_cycles(200);
        CHECK(!writes);
        continue;
      }
      int cycles = 0;
      do {
        bench.run_cycles(1);
        REQUIRE(++cycles < 20000);
      } while (sim.get("writing") != 0 || bench.received("beat").empty());
      sim.set("runs_left", 0);
      bench.run_cycles(40);
      REQUIRE(bench.received("request").size() == 1);
      CHECK(bench.received("request")[0] == std::vector<std::uint64_t>{address, static_cast<std::uint64_t>(beats)});
      REQUIRE(bench.received("beat").size() == static_cast<std::size_t>(beats));
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto b = i / static_cast<std::size_t>(beat), byte = i % static_cast<std::size_t>(beat);
        CAPTURE(i);
        REQUIRE((bench.received("beat")[b][byte / 8] >> (byte % 8 * 8) & 255) == wanted[i]);
      }
      if (options.stall_percent > 0) continue;
      int pairs = 0;
      for (std::size_t l = 0; l < levels.width.size(); ++l) pairs += (levels.width[l] + 1) / 2 * levels.height[l];
      CHECK(cycles <= pairs + config.attention.levels * (config.pruning.count_bits + 41) + beat / 2 + 8);
    }
  });
}
