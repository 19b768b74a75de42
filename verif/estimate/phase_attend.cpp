// From queries to output rows.
#include <memory>
#include <optional>

#include "config/region.hpp"
#include "estimate/board.hpp"
#include "estimate/burst_writer.hpp"
#include "estimate/query_order.hpp"
#include "estimate/row_epilogue.hpp"
#include "estimate/rows.hpp"

namespace quillgen::estimate {
namespace {

constexpr int path_of_point = 9;  ///< stages from the reading of an offset to the look-up
constexpr std::size_t fill_phase = 2;

LaneShape lane_shape(const Config& c) {
  const auto& a = c.attention;
  const int lanes = c.core.lanes(), head_lanes = c.core.head_lanes, of_head = a.samples_per_head() / c.core.level_lanes,
            words = divide_up(a.embed_dim, c.core.projection_columns);
  LaneShape s;
  s.samples_of_head = of_head, s.heads = a.heads / head_lanes;
  s.head_stride = a.samples_per_head(), s.level_lanes = c.core.level_lanes;
  // The softmax takes a head twice; the divider has a stage a bit.
  s.path = 2 * of_head + c.numerics.attention_bits + 16;
  s.path_to_free = s.path - 9;
  s.path_holds = 2 * power_of_two(2 * of_head) + c.numerics.attention_bits + 17;
  if (c.pruning.points != 0) {
    const int at_once = c.core.points_per_cycle, vectors = of_head / at_once;
    s.points_at_once = at_once, s.queued_heads = c.core.queued_heads;
    s.softmax = 2 * vectors + c.numerics.attention_bits + 12 + (at_once > 1 ? 1 : 0);
    s.softmax_holds = 2 * power_of_two(2 * vectors) + c.numerics.attention_bits + 17 + 8;
    s.path = path_of_point, s.path_to_free = 0, s.path_holds = path_of_point;
  }
  if (s.level_lanes > 1) {
    // Two more stages, for the bases. What lies behind the fork is the FIFO, and with pruning the filter.
    const int at_once = c.core.points_per_cycle, vectors = of_head / at_once;
    s.points_at_once = at_once, s.queued_heads = c.core.queued_heads;
    s.softmax = 2 * vectors + c.numerics.attention_bits + 9 + (at_once > 1 ? 1 : 0);
    s.softmax_holds = 2 * power_of_two(2 * vectors) + c.numerics.attention_bits + 17 + 2;
    s.fork = fifo_delay + (c.pruning.points != 0 ? 4 : 0);
    s.path = path_of_point, s.path_to_free = 0, s.path_holds = path_of_point;
  }
  if (c.pruning.max_range > 0) ++s.path, ++s.path_holds;
  s.run_ahead = c.feature_cache.run_ahead;
  s.line_beats = line_beats(c);
  s.lines_at_once = c.feature_cache.lines_per_cycle;
  s.outstanding = c.memory.max_outstanding / lanes;
  s.requant_words = a.head_dim() / head_requant_units(c);
  s.projection_words = words;
  s.dot_delay = 2 + tree_stages(c, a.head_dim()) + (head_lanes > 1 ? sram_fifo_delay : 0);
  s.sums_ahead = head_lanes == 1 ? 1 : std::max(1, (power_of_two(std::max(words, 2)) + sram_fifo_delay) / words);
  return s;
}

/// All lanes, and what goes to and comes from all of them.
class Lanes {
 public:
  Lanes(Board& b, const CacheRun& cache)
      : clock_(b.clock), shape_(lane_shape(b.c)), queries_(b.demand.queries()), by_demand_(!has_ranged_regions(b.c)) {
    const auto of_query = static_cast<std::size_t>(b.c.attention.samples_per_query());
    const int lanes = b.c.core.lanes();
    for (int l = 0; l < lanes; ++l) {
      const auto first = static_cast<std::size_t>(lane_sample(b.c, l, 0));
      lanes_.push_back(std::make_unique<Lane>(clock_, shape_, of_lane(cache.missing, first),
                                              of_lane(cache.dropped, first), of_lane(cache.together, first), of_query,
                                              cache.addresses.empty()
                                                  ? std::span<const std::uint64_t>()
                                                  : std::span(cache.addresses[static_cast<std::size_t>(l)])));
    }
    const int inner = shape_.level_lanes;
    for (int column = 0; inner > 1 && column < lanes / inner; ++column) {
      std::vector<Lane*> of_column;
      for (int j = 0; j < inner; ++j) of_column.push_back(lanes_[static_cast<std::size_t>(column * inner + j)].get());
      columns_.emplace_back(clock_, shape_, of_column);
    }
    if (!cache.groups.empty())
      for (auto& lane : lanes_) {
        feeds_.push_back(std::make_unique<RegionFeed>(clock_, b.c, cache.groups));
        lane->feed_from(*feeds_.back());
      }
    freed_.resize(lanes_.size());
  }
  /// What a lane has of all samples, from its first one on.
  static std::span<const std::uint8_t> of_lane(const std::vector<std::uint8_t>& all, std::size_t first) {
    return all.empty() ? std::span<const std::uint8_t>() : std::span(all).subspan(first);
  }
  const LaneShape& shape() const { return shape_; }
  /// All that read features, in the order of their IDs.
  std::vector<ReadClient*> clients() {
    std::vector<ReadClient*> list;
    if (by_demand_)
      for (auto& l : lanes_) list.push_back(l.get());
    for (auto& f : feeds_) f->reader().kind = ReadClient::Kind::ahead, list.push_back(&f->reader());
    return list;
  }
  auto begin() { return lanes_.begin(); }
  auto end() { return lanes_.end(); }

  void group(int queries) {
    const Cycle at = clock_.now() + (std::ssize(lanes_) > shape_.level_lanes ? fifo_delay : 0);
    for (auto& l : lanes_) l->group(at, queries);
    for (auto& c : columns_) c.group(at, queries);
    clock_.acted();
  }
  void tick() {
    for (auto& c : columns_) c.tick();
    for (auto& l : lanes_)
      if (columns_.empty()) l->tick();
    for (auto& f : feeds_) f->tick();
  }
  /// Whether all lanes are done with another group.
  bool freed() {
    bool all = true;
    for (std::size_t l = 0; l < lanes_.size(); ++l) {
      freed_[l] += lanes_[l]->freed();
      all = all && freed_[l] > 0;
    }
    for (auto& f : freed_) f -= all;
    return all;
  }
  /// Whether all lanes have the sums of the next query, not before `at`; takes them.
  bool sums(Cycle at) {
    const auto step = static_cast<std::size_t>(shape_.level_lanes);  // the first lane of a column has its sums
    for (std::size_t l = 0; l < lanes_.size(); l += step) {
      if (lanes_[l]->sums().empty()) return false;
      at = std::max(at, lanes_[l]->sums().front());
    }
    if (!clock_.due(at)) return false;
    for (std::size_t l = 0; l < lanes_.size(); l += step) lanes_[l]->sums().pop();
    clock_.acted();
    return true;
  }
  Cycle first_sample() const {
    Cycle first = never;
    for (const auto& l : lanes_) first = std::min(first, l->first_sample());
    return first;
  }
  /// Of all queries; never, if there are more to come.
  Cycle last_sample() const {
    Cycle last = 0;
    for (const auto& l : lanes_) {
      const bool done = shape_.queued_heads > 0
                            ? l->queries() == queries_
                            : l->samples() == std::int64_t{queries_} * shape_.heads * shape_.samples_of_head;
      if (!done) return never;
      last = std::max(last, l->last_sample());
    }
    return last;
  }
  void account(Work& work) const {
    for (const auto& l : lanes_) work.samples += l->samples(), work.projected += l->projected();
  }
  void account(JobRun& run) const {
    const Cycle first = first_sample(), last = last_sample();
    for (const auto& l : lanes_) {
      run.waits.feature += l->waits().feature, run.waits.output += l->waits().output;
      // Before its first sample and after its last one a lane waits for the others.
      run.waits.point += l->waits().point + (l->first_sample() - first) + (last - l->last_taken());
      run.beats.feature += l->beats;
      run.busiest_lane = std::max(run.busiest_lane, l->samples());
    }
    for (const auto& f : feeds_) run.beats.feature += f->reader().beats;
  }

 private:
  Clock& clock_;
  LaneShape shape_;
  int queries_;
  bool by_demand_;  ///< lanes ask for lines
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<LaneColumn> columns_;                 ///< if lanes share levels
  std::vector<std::unique_ptr<RegionFeed>> feeds_;  ///< of each lane, with regions
  std::vector<int> freed_;
};

/// The mask of seldom read pixels, behind the last row. Of each level the threshold is found, a bit of the sum and a
/// bit of the count a cycle, then two pixels of a row are looked at a cycle; at last the beat is filled up.
void write_mask(const Board& b, BurstWriter& writer) {
  const int find = 35 + b.c.pruning.count_bits, settle = 3;
  const int tokens = b.demand.layer.tokens, tail = tokens % b.beat();
  const Cycle first = writer.request(writer.addressed() + 1) + 1, begin = first + find;
  Cycle end = first;
  for (const auto& level : b.demand.layer.level_shapes)
    end += find + Cycle{divide_up(level.width, 2)} * level.height + settle;
  end += tail > 0 ? divide_up(b.beat() - tail, 2) : -1;
  writer.run(begin, mask_beats(b.c, tokens), static_cast<int>(end + 1 - begin));
}

}  // namespace

void attend(Board& b, const CacheRun& cache) {
  const auto& c = b.c;
  const int queries = b.demand.queries(), channels = c.attention.embed_dim, output_row = output_row_beats(c);
  Rows rows(b, channels, c.numerics.query_bits, b.demand.stream.queries, b.demand.stream.positions);
  PeArray array(b.clock, b.array_timing(query_tiles(c), channels), group_buffers);
  QueryOrder order(b, b.accepted);
  Lanes lanes(b, cache);
  BurstWriter writer(b.beat(), b.memory);
  std::optional<RowEpilogue> epilogue;
  if (b.demand.stream.norm) epilogue.emplace(b, writer, queries, &order);
  std::vector<ReadClient*> clients;
  rows.add_clients(clients);
  clients.push_back(&order.reader());
  for (auto* client : lanes.clients()) clients.push_back(client);
  if (epilogue) clients.push_back(&epilogue->reader());
  b.last_run = true;
  if (b.ahead.wanted()) clients.push_back(&b.job_reader);
  ReadPort port(b.clock, b.memory, clients);
  const int output_words = lanes.shape().projection_words, output_span = std::max(output_words, output_row);
  const Work before = b.work;
  const auto account = [&] {
    b.work = before;
    b.work.array_steps += array.busy(), b.work.reads += port.busy(), b.work.writes += writer.beats();
    lanes.account(b.work);
  };
  const auto phase_ends = [&](std::size_t phase, Cycle at) {
    account();
    if (phase == fill_phase) b.work.samples = before.samples;  // it ends with the first sample
    b.work.cycles = at;
    b.run.until[phase] = b.work;
  };
  int to_ask = queries, in_group = 0, to_sample = queries, to_write = queries;
  Cycle output_free = 0, written = 0;
  bool filled = false, sampled = false;
  b.clock.acted();
  const auto all_written = [&] { return to_write == 0 && (!epilogue || epilogue->written() == queries); };
  bool writes_mask = b.demand.counts_pixels;
  while (!all_written() || writes_mask || !b.clock.due(writer.done() + 1)) {
    if (all_written() && writes_mask) write_mask(b, writer), writes_mask = false;
    b.step();
    port.tick();
    b.tick_loads();
    rows.load(array);
    if (to_ask > 0 && rows.accepts() && order.has_row()) {
      const int row = order.fetched(queries - to_ask);
      --to_ask, order.take_row();
      const bool ends_group = ++in_group == c.gemm.rows || to_ask == 0;
      if (ends_group) in_group = 0;
      rows.ask(ends_group, row);
    }
    array.tick();
    order.tick();
    if (!array.results().empty() && !order.groups().empty() &&
        b.clock.due(std::max(array.results().front(), order.groups().front()))) {
      array.results().pop(), order.groups().pop();
      const int group = std::min(c.gemm.rows, to_sample);
      to_sample -= group;
      lanes.group(group);
    }
    lanes.tick();
    if (lanes.freed()) array.release(), order.release(), b.clock.acted();
    if (epilogue) epilogue->tick();
    if ((!epilogue || epilogue->accepts()) && lanes.sums(output_free)) {
      const Cycle begin = std::max(b.clock.now() + 1 + requantise_delay + sram_fifo_delay, written);
      --to_write;
      written = begin + output_span;
      if (epilogue) {
        epilogue->offer(begin, output_span);
      } else {
        writer.request(0);
        written += writer.run(begin, output_row, output_span);
        order.take_result();
      }
      // The outputs of a query wait in a FIFO of that size while memory takes those of the one before.
      output_free = std::max(b.clock.now() + output_words, written - output_words);
    }
    if (!filled && b.clock.due(lanes.first_sample())) filled = true, phase_ends(fill_phase, lanes.first_sample() - 1);
    if (!sampled && lanes.last_sample() < never) sampled = true, phase_ends(fill_phase + 1, lanes.last_sample());
  }
  lanes.account(b.run);
  b.run.beats.query = rows.beats() + (epilogue ? epilogue->reader().beats : 0);
  b.run.beats.reference = order.reference_beats(), b.run.beats.list = order.list_beats();
  b.run.beats.output = writer.beats();
  phase_ends(fill_phase + 2, b.clock.now());
  b.end_job(port);
}

}  // namespace quillgen::estimate
