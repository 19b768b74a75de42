// The PE array: exact products, order and place of the results, and back-pressure.
#include <optional>

#include "accel/array/gemm.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

enum class Kind { value, query, dense };

/// A run: a matrix in the weight memories, the entries of its outputs, and rows in groups.
struct Run {
  Kind kind;
  int steps, tiles, first_weight, first_entry;
  std::vector<std::vector<std::int32_t>> weights;  ///< of each output
  std::vector<model::Requant> requant;
};

/// Results of a row, those of a tile.
struct Drained {
  int group;  ///< of the run
  std::uint64_t slot, tile;
  Words values;
};

/// The array on its bench, with what is known of it from outside.
class Array {
 public:
  Array(const Config& config, StreamBench::Options options)
      : config_(config),
        block_(config, accel::build_gemm_engine),
        s_(block_.s),
        bench_(block_.module, options),
        random_(options.seed) {
    for (const auto* port : {"start", "weights_enable", "requant_enable", "freed"}) bench_.interpreter().set(port, 0);
    bench_.on_cycle([this](auto& now) { cycle(now); });
  }

  Run make(Kind kind, int steps, int tiles, int first_weight, int first_entry) {
    Run run{kind, steps, tiles, first_weight, first_entry, {}, {}};
    for (int o = 0; o < tiles * config_.gemm.columns; ++o) {
      auto& row = run.weights.emplace_back();
      const bool lowest = random_.chance(5);  // with the lowest operands: the largest sum there is
      for (int k = 0; k < steps * config_.gemm.depth; ++k)
        row.push_back(lowest ? -(1 << (s_.weight_bits() - 1))
                             : static_cast<std::int32_t>(random_.number(s_.weight_bits())));
      run.requant.push_back(random_.requant(s_.operand_bits() + s_.weight_bits() + 2, s_.result_bits(), true));
    }
    return run;
  }
  /// Writes its tables; a run may be in work meanwhile.
  void load(const Run& run) {
    const int columns = config_.gemm.columns, depth = config_.gemm.depth, beside = s_.weight_columns(),
              together = s_.requant_columns();
    for (int tile = 0; tile < run.tiles; ++tile) {
      const auto output = [&](int column) { return static_cast<std::size_t>(tile * columns + column); };
      for (int step = 0; step < run.steps; ++step)
        for (int bank = 0; bank < columns / beside; ++bank) {
          BitVector word;
          for (int c = bank * beside; c < (bank + 1) * beside; ++c)
            for (int i = 0; i < depth; ++i)
              word.add(run.weights[output(c)][static_cast<std::size_t>(step * depth + i)], s_.weight_bits());
          write_table(bench_, "weights", bank, run.first_weight + tile * run.steps + step, word);
        }
      for (int bank = 0; bank < columns / together; ++bank) {
        BitVector word;
        for (int c = bank * together; c < (bank + 1) * together; ++c) word.add(run.requant[output(c)], true);
        write_table(bench_, "requant", bank, run.first_entry + tile, word);
      }
    }
  }
  /// Begins the run with groups of so many rows.
  void begin(const Run& run, const std::vector<int>& groups, int free_percent) {
    auto& sim = bench_.interpreter();
    run_ = &run, groups_ = groups, free_percent_ = free_percent;
    wanted_.clear(), got_ = 0, finished_ = 0, freed_ = 0, first_busy_ = last_busy_ = busy_ = 0, waited_ = 0;
    bench_.forget("finished");
    sim.set("run_query", run.kind == Kind::query), sim.set("run_dense", run.kind == Kind::dense);
    sim.set("run_last_step", static_cast<unsigned>(run.steps - 1));
    sim.set("run_last_tile", static_cast<unsigned>(run.tiles - 1));
    sim.set("run_first_weight", static_cast<unsigned>(run.first_weight));
    sim.set("run_first_entry", static_cast<unsigned>(run.first_entry));
    for (std::size_t g = 0; g < groups.size(); ++g) push_group(static_cast<int>(g));
    pulse(bench_, "start");
    bench_.expect("finished", groups.size());
  }
  /// To its end: all results have come and all groups are freed.
  void end() {
    bench_.run();
    while (freed_ < static_cast<int>(groups_.size())) bench_.run_cycles(1);
    bench_.run_cycles(20);
    REQUIRE(got_ == wanted_.size());
    for (std::size_t g = 0; g < groups_.size(); ++g)
      REQUIRE(bench_.received("finished")[g][0] == static_cast<unsigned>(groups_[g]));
    if (run_->kind == Kind::query)
      first_query_group_ = (first_query_group_ + static_cast<int>(groups_.size())) % accel::group_buffers;
    CHECK(busy_ == static_cast<int>(groups_.size()) * run_->tiles * run_->steps);
  }
  int busy() const { return busy_; }
  int span() const { return last_busy_ - first_busy_ + 1; }
  int waited() const { return waited_; }  ///< cycles for room
  Random& random() { return random_; }
  const accel::Shapes& shapes() const { return s_; }

 private:
  void push_group(int group) {
    const int depth = config_.gemm.depth, bits = s_.operand_bits(), rows = groups_[static_cast<std::size_t>(group)];
    std::vector<std::vector<std::int32_t>> list;
    for (int r = 0; r < rows; ++r) {
      auto& row = list.emplace_back();
      const bool lowest = random_.chance(5);
      for (int first = 0; first < run_->steps * depth; first += row_word(config_)) {
        BitVector word;
        for (int i = first; i < first + row_word(config_); ++i) {
          const bool inside = i < run_->steps * depth;  // what is behind the last step is not multiplied
          const auto value = lowest ? -(1 << (bits - 1)) : static_cast<std::int32_t>(random_.number(bits));
          if (inside) row.push_back(value);
          word.add(value, bits);
        }
        auto transfer = word.transfer();
        transfer.push_back(r + 1 == rows);
        bench_.push("word", transfer);
      }
    }
    const bool query = run_->kind == Kind::query;
    const int number = query ? (first_query_group_ + group) % accel::group_buffers : group % s_.result_groups();
    // Tile by tile, of each all rows.
    const auto& n = config_.numerics;
    for (int tile = 0; tile < run_->tiles; ++tile)
      for (int r = 0; r < rows; ++r) {
        Drained d{group, static_cast<std::uint64_t>(number << s_.row_bits() | r), static_cast<std::uint64_t>(tile), {}};
        for (int c = 0; c < config_.gemm.columns; ++c) {
          const auto output = static_cast<std::size_t>(tile * config_.gemm.columns + c);
          const int format = !query ? s_.result_bits() : tile < logit_tiles(config_) ? n.logit_bits() : n.offset_bits();
          d.values.push_back(model::requantise(model::dot(list[static_cast<std::size_t>(r)], run_->weights[output]),
                                               run_->requant[output], format));
        }
        wanted_.push_back(d);
      }
  }

  // Column of the array: of a query, what its lane has of it.
  std::int64_t value_of(interp::Interpreter& now, bool query, bool logits, std::size_t column) const {
    if (!query) return now.get_signed(fmt::format("result_value_{}", column));
    const auto lanes = static_cast<std::size_t>(s_.lanes());
    const auto place = logits ? column : column / 2;
    const int bits = logits ? config_.numerics.logit_bits() : config_.numerics.offset_bits();
    const auto index = logits ? place / lanes : place / lanes * 2 + column % 2;
    const auto words = now.get_wide(now.port(fmt::format("{}_{}", logits ? "logits" : "offsets", place % lanes)));
    std::int64_t value = 0;
    for (int b = 0; b < bits; ++b) {
      const auto at = index * static_cast<std::size_t>(bits) + static_cast<std::size_t>(b);
      value |= static_cast<std::int64_t>(words[at / 64] >> at % 64 & 1) << b;
    }
    return value >> (bits - 1) != 0 ? value - (std::int64_t{1} << bits) : value;
  }

  void cycle(interp::Interpreter& now) {
    const bool free = freed_ < finished_ && random_.chance(free_percent_);
    now.set("freed", free);
    const bool query = run_ != nullptr && run_->kind == Kind::query;
    const bool logits = now.get("logits_valid") != 0, offsets = now.get("offsets_valid") != 0;
    const bool to_memory = now.get("result_valid") != 0;
    CHECK(logits + offsets + to_memory <= 1);
    if (query ? logits || offsets : to_memory) {
      REQUIRE(got_ < wanted_.size());
      const Drained& w = wanted_[got_++];
      // The results it takes the place of are no longer needed.
      CHECK(w.group - freed_ < (query ? accel::group_buffers : s_.result_groups()));
      REQUIRE(now.get(query ? "sample_slot" : "result_slot") == w.slot);
      const auto first_offsets = static_cast<std::uint64_t>(logit_tiles(config_));
      if (query) REQUIRE(logits == (w.tile < first_offsets));
      REQUIRE(now.get(!query   ? "result_tile"
                      : logits ? "logits_word"
                               : "offsets_word") == (query && offsets ? w.tile - first_offsets : w.tile));
      for (std::size_t c = 0; c < w.values.size(); ++c) REQUIRE(value_of(now, query, logits, c) == w.values[c]);
    }
    freed_ += free;
    if (now.get("finished_valid") != 0 && now.get("finished_ready") != 0) {
      CHECK((got_ == wanted_.size() || wanted_[got_].group > finished_));  // all its results have come
      ++finished_;
    }
    const bool moves = now.get("busy") != 0, waits = now.get("waits_for_room") != 0;
    CHECK(!(moves && waits));
    waited_ += waits;
    if (!moves) return;
    const auto at = static_cast<int>(now.cycle());
    if (busy_++ == 0) first_busy_ = at;
    last_busy_ = at;
  }

  const Config& config_;
  Block block_;
  const accel::Shapes& s_;
  StreamBench bench_;
  Random random_;
  const Run* run_ = nullptr;
  std::vector<int> groups_;
  std::vector<Drained> wanted_;
  std::size_t got_ = 0;
  int free_percent_ = 0, finished_ = 0, freed_ = 0, first_query_group_ = 0;
  int first_busy_ = 0, last_busy_ = 0, busy_ = 0, waited_ = 0;
};

/// Whether the tables of two runs lie apart, so that one may be written while the other is in work.
bool apart(const Run& a, const Run& b) {
  const auto disjoint = [](int a0, int a1, int b0, int b1) { return a1 <= b0 || b1 <= a0; };
  return disjoint(a.first_weight, a.first_weight + a.tiles * a.steps, b.first_weight,
                  b.first_weight + b.tiles * b.steps) &&
         disjoint(a.first_entry, a.first_entry + a.tiles, b.first_entry, b.first_entry + b.tiles);
}

}  // namespace

TEST_CASE("gemm_engine: runs of tokens, queries and dense jobs one after the other") {
  for_all("gemm_engine", [](const Config& config, StreamBench::Options options) {
    Array array(config, options);
    Random& random = array.random();
    const accel::Shapes& s = array.shapes();
    const int value = value_tiles(config), rows = config.gemm.rows;
    const auto dense = [&](bool upper) {
      const int steps = gemm_steps(config, static_cast<int>(random.in(1, config.gemm.max_inner))),
                words = weight_words(config) / 2;
      const auto most = std::min<std::int64_t>({words / steps, most_panel_tiles(config), 6});
      return array.make(Kind::dense, steps, static_cast<int>(random.in(1, most)), upper ? words : 0,
                        upper ? requant_words(config) / 2 : 0);
    };
    std::vector<Run> runs = {array.make(Kind::value, s.steps(), value, 0, 0),
                             array.make(Kind::query, s.steps(), query_tiles(config), value * s.steps(), value)};
    for (const bool upper : {false, true, false}) runs.push_back(dense(upper));
    runs.push_back(array.make(Kind::query, s.steps(), query_tiles(config), value * s.steps(), value));
    array.load(runs[0]);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      std::vector<int> groups;
      for (auto left = random.in(1, 6); left > 0; --left)  // only those of tokens may be short before the last
        groups.push_back(runs[i].kind == Kind::value || left == 1 ? static_cast<int>(random.in(1, rows)) : rows);
      array.begin(runs[i], groups, random.chance(50) ? 2 : 50);
      const bool now = i + 1 < runs.size() && apart(runs[i], runs[i + 1]);
      if (now) array.load(runs[i + 1]);
      array.end();
      if (!now && i + 1 < runs.size()) array.load(runs[i + 1]);
    }
  });
}

TEST_CASE("gemm_engine: a step every cycle, unless it waits for room") {
  int measured = 0;
  for (const Config& config : block_configs()) {
    const int rows = config.gemm.rows, steps = gemm_steps(config, config.gemm.max_inner),
              tiles = std::min(weight_words(config) / steps, most_panel_tiles(config));
    // Draining and loading keep up.
    if (steps < rows || tiles < rows) continue;
    INFO(describe(config));
    Array array(config, {.seed = 5, .stall_percent = 0});
    const Run run = array.make(Kind::dense, steps, tiles, 0, 0);
    array.load(run);
    const std::vector<int> groups(8, rows);
    array.begin(run, groups, 100);
    array.end();
    CHECK(array.span() == array.busy());
    CHECK(array.waited() == 0);
    array.begin(run, std::vector<int>(60, rows), 1);
    array.end();
    CHECK(array.waited() > 0);
    ++measured;
  }
  CHECK(measured >= 3);
  MESSAGE(fmt::format("{} configurations", measured));
}
