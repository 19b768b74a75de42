// Points of small weight (NUMERICS.md N19): each block that drops them alone on the interpreter.
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
