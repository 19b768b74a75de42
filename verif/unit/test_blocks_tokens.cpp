// The order of tokens in the value projection: the walk over blocks, and what it promises to those that follow it.
#include "accel/array/gemm.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

struct Side {
  std::int64_t height, width;
};

/// Sides of the levels: odd and even, 1 and the largest, in all no more than the most tokens.
std::vector<Side> random_levels(const Attention& a, Random& random) {
  std::vector<Side> levels;
  std::int64_t tokens = 0;
  for (int l = 0; l < a.levels; ++l) {
    const auto side = [&](int most) {
      return random.chance(20) ? 1 : random.chance(50) ? most : random.in(1, std::min(most, 9));
    };
    Side s{side(a.max_height), side(a.max_width)};
    const auto left = a.max_tokens - tokens - (a.levels - 1 - l);
    if (s.height * s.width > left) s = {1, std::min<std::int64_t>(left, s.width)};
    tokens += s.height * s.width;
    levels.push_back(s);
  }
  return levels;
}

/// Which tokens are padded: none, all, some, nearly all, whole rows, or what lies right of the middle.
std::vector<bool> random_mask(const std::vector<Side>& levels, std::int64_t kind, Random& random) {
  std::vector<bool> padded;
  for (const Side& s : levels)
    for (std::int64_t y = 0; y < s.height; ++y) {
      const bool row = random.chance(50);
      for (std::int64_t x = 0; x < s.width; ++x)
        padded.push_back(kind == 1   ? true
                         : kind == 2 ? random.chance(30)
                         : kind == 3 ? random.chance(97)
                         : kind == 4 ? row
                         : kind == 5 ? 2 * x >= s.width
                                     : false);
    }
  return padded;
}

struct WantedBlock {
  std::vector<int> token;  ///< of pixels (0,0), (0,1), (1,0), (1,1): its place among the live ones, or -1
};

}  // namespace

TEST_CASE("token_walk: live tokens block by block, groups closed in time, blocks that wait and free") {
  for_all("token_walk", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_token_walk);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& a = config.attention;
    const int rows = config.gemm.rows, groups = block.s.result_groups(), bytes = config.memory.data_bits / 8;
    constexpr std::size_t most_blocks = 16;  // a group is closed after so many
    for (const auto* port : {"start", "mask_start", "mask_valid"}) sim.set(port, 0);
    for (std::int64_t job = 0; job < 14; ++job) {
      const auto levels = random_levels(a, random);
      const std::int64_t kind = job % 7;
      const auto padded = random_mask(levels, kind, random);
      const bool masked = kind > 0 && kind < 6;  // of the others the mask that lies there is not looked at
      for (std::size_t l = 0; l < levels.size(); ++l) {
        sim.set(fmt::format("levels_width_{}", l), static_cast<std::uint64_t>(levels[l].width));
        sim.set(fmt::format("levels_height_{}", l), static_cast<std::uint64_t>(levels[l].height));
      }
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      const auto stride = static_cast<std::uint64_t>(random.in(1, 100) * bytes);
      sim.set("masked", masked), sim.set("address", base), sim.set("stride", stride);
      if (masked) {
        pulse(bench, "mask_start");
        for (std::size_t t = 0; t < padded.size(); t += static_cast<std::size_t>(bytes)) {
          BitVector beat;
          for (std::size_t i = t; i < t + static_cast<std::size_t>(bytes); ++i)
            beat.add(i >= padded.size() ? random.in(0, 255) : padded[i] ? random.in(1, 255) : 0, 8);
          sim.set_wide(sim.port("mask_beat"), beat.words());
          pulse(bench, "mask_valid");
          if (random.chance(options.stall_percent)) bench.run_cycles(1);
        }
      }
      // The walk, as NUMERICS has the value map.
      std::vector<std::uint64_t> addresses;
      std::vector<WantedBlock> blocks;
      std::vector<std::size_t> block_of;  // of a live token
      std::int64_t first = 0;
      for (const Side& s : levels) {
        for (std::int64_t y = 0; y < s.height; y += 2)
          for (std::int64_t x = 0; x < s.width; x += 2) {
            WantedBlock b;
            for (const auto& [py, px] : {std::pair{y, x}, {y, x + 1}, {y + 1, x}, {y + 1, x + 1}}) {
              const auto token = static_cast<std::size_t>(first + py * s.width + px);
              const bool live = py < s.height && px < s.width && !(masked && padded[token]);
              b.token.push_back(live ? static_cast<int>(addresses.size()) : -1);
              if (!live) continue;
              addresses.push_back(base + token * stride);
              block_of.push_back(blocks.size());
            }
            blocks.push_back(b);
          }
        first += s.height * s.width;
      }
      // Groups: full, or closed at the end or after the 16th block.
      std::vector<std::pair<int, int>> place;  // of a live token: group, row
      std::vector<bool> last_of_group;
      for (std::size_t t = 0, begin = 0; t < addresses.size(); ++t) {
        place.emplace_back(place.empty() ? 0
                           : t == begin  ? place.back().first + 1
                                         : place.back().first,
                           static_cast<int>(t - begin));
        const bool last = t - begin + 1 == static_cast<std::size_t>(rows) || t + 1 == addresses.size() ||
                          block_of[t + 1] >= block_of[begin] + most_blocks;
        last_of_group.push_back(last);
        if (last) begin = t + 1;
      }
      const int group_count = place.empty() ? 0 : place.back().first + 1;

      // Those that follow: rows are taken while there is room for results, and a block when its groups are complete.
      int complete = 0, waited = 0, freed = 0;
      bench.forget("token"), bench.forget("block");
      bench.expect("token", addresses.size()), bench.expect("block", blocks.size());
      bench.on_cycle([&](auto& now) {
        const bool taken = now.get("token_valid") != 0 && now.get("token_ready") != 0,
                   written = now.get("block_valid") != 0 && now.get("block_ready") != 0;
        const int waits = static_cast<int>(now.get("block_waits"));
        if (taken) complete += now.get("token_last_of_group") != 0;
        if (written) waited += waits, freed += static_cast<int>(now.get("block_frees"));
        const bool goes = !written && now.get("block_valid") != 0 && waited + waits <= complete;
        bench.stall("block", goes ? options.stall_percent : 100);
        bench.stall("token", complete - freed < groups ? options.stall_percent : 100);
      });
      bench.stall("block", 100);
      pulse(bench, "start");
      bench.run();
      bench.on_cycle(nullptr);
      CHECK(complete == group_count);
      CHECK(waited == group_count);
      CHECK(freed == group_count);
      for (std::size_t t = 0; t < addresses.size(); ++t) {
        REQUIRE(bench.received("token")[t][0] == addresses[t]);
        REQUIRE((bench.received("token")[t][1] != 0) == last_of_group[t]);
      }
      const int row_bits = block.s.row_bits();
      int waited_for = 0, free = 0;
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        const auto& got = bench.received("block")[b];  // live of each pixel, slot of each, waits, frees
        waited_for += static_cast<int>(got[8]);
        for (std::size_t p = 0; p < 4; ++p) {
          const int token = blocks[b].token[p];
          REQUIRE((got[p] != 0) == (token >= 0));
          if (token < 0) continue;
          const auto [group, row] = place[static_cast<std::size_t>(token)];
          REQUIRE(got[4 + p] == static_cast<std::uint64_t>(group % groups << row_bits | row));
          CHECK(group < waited_for);  // complete
          CHECK(group >= free);       // not yet given back
        }
        free += static_cast<int>(got[9]);
        CHECK(free <= waited_for);
      }
    }
  });
}
