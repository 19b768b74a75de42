#include "estimate/job.hpp"

#include <stdexcept>

#include "estimate/board.hpp"
#include "estimate/parameters.hpp"

namespace quillgen::estimate {
namespace {

void pass(Board& b, Cycle cycles) {
  for (; cycles > 0; --cycles) b.clock.acted(), b.step();
}

/// Reads the descriptor and checks it.
void fetch(Board& b) {
  ReadPort port(b.clock, b.latency, {&b.job_reader});
  auto beats = descriptor_beats(b.c);
  b.clock.acted(), b.step();
  b.job_reader.request(beats);
  while (beats > 0) {
    b.step();
    port.tick();
    if (b.job_reader.ready()) b.job_reader.take(), --beats;
  }
  b.work.reads += port.busy();
  pass(b, check_cycles(b.c));
}

/// The job has its descriptor; the loads begin. Returns the cycle in which the tags are clear.
Cycle begin(Board& b) {
  b.run.beats.job += descriptor_beats(b.c);
  if (b.lead.begun) pass(b, std::max<Cycle>(b.lead.descriptor, 1));
  else fetch(b);
  b.accepted = b.clock.now() + 1;
  b.clock.acted();
  return b.accepted + 1 + cache_sets(b.c);
}

/// Until everything wanted is loaded, and the cycle `at` has come.
void finish_loads(Board& b, Cycle at) {
  ReadPort port(b.clock, b.latency, {&b.job_reader});
  b.clock.acted();
  do {
    b.step();
    port.tick();
    b.loads.tick();
  } while (!b.loads.done() || !b.clock.due(at));
  b.work.reads += port.busy();
}

/// Its first panel, of so many beats.
void load_panel(Board& b, std::int64_t beats) {
  if (b.lead.panel >= 0) {
    b.run.beats.job += beats;
    pass(b, std::max<Cycle>(b.lead.panel, 1));
  } else {
    b.want(beats);
    finish_loads(b, 0);
  }
}

void start_pulse(Board& b) { b.clock.acted(), b.step(); }

void run_layer(Board& b, const CacheRun& cache) {
  auto image = image_beats(b.c);
  if (b.demand.stream.norm) image.rest += norm_beats(b.c);
  const auto& layer = b.demand.layer;
  const Cycle cleared = begin(b);
  if (b.demand.map_given) {
    b.want(image.rest);
    finish_loads(b, cleared);
    b.end_phase(0);
  } else {
    load_panel(b, image.value);
    if (!layer.padding.empty()) b.want(divide_up(layer.tokens, b.beat())), finish_loads(b, 0);
    b.end_phase(0);
    b.want(image.rest);
    start_pulse(b);
    project_map(b);
  }
  b.end_phase(1);
  start_pulse(b);
  attend(b, cache);
}

void run_dense(Board& b) {
  const auto& s = b.demand.shape;
  const int columns = b.c.gemm.columns, tiles = divide_up(s.outputs, columns),
            most = panel_tiles(b.c, s.inner, s.outputs);
  begin(b);
  load_panel(b, panel_beats(b.c, std::min(most, tiles), s.inner));
  if (b.demand.stream.norm) b.want(norm_beats(b.c));
  b.end_phase(0);
  for (int first = 0; first < tiles; first += most) {
    const int now = std::min(most, tiles - first), next = std::min(most, tiles - first - now);
    if (next > 0) b.want(panel_beats(b.c, next, s.inner));
    b.last_run = first + now == tiles;
    start_pulse(b);
    multiply_panel(b, now, std::min(now * columns, s.outputs - first * columns));
  }
  for (int phase = 1; phase < 5; ++phase) b.end_phase(phase);
}

/// Self-attention: keys and values become weights, row after row; then, for each head of a group of rows, tiles of
/// scores and the products of their exponentials, in turn.
void run_self(Board& b) {
  const auto& c = b.c;
  const auto& g = c.gemm;
  const int rows = b.demand.shape.rows, channels = b.demand.shape.inner, parts = b.demand.self_parts,
            beats = row_beats(channels, result_width(c), c.memory),
            weight_bits = std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits),
            together = columns_together(c, g.depth * weight_bits);
  begin(b);
  b.end_phase(0);
  start_pulse(b);
  // A row comes a beat a cycle; `half` rows are written across, an entry a cycle.
  const auto load = [&](int half, int entries) {
    return std::max(std::int64_t{rows} * beats, std::int64_t{divide_up(rows, half)} * entries);
  };
  constexpr int fetch_delay = 12;  // from an answer of memory to the write of an entry
  pass(b, load(together, gemm_steps(c, channels)) + b.latency + fetch_delay);
  pass(b, load(g.depth, divide_up(channels, together)) + b.latency + fetch_delay);
  pass(b, b.latency + beats * g.rows + fetch_delay);  // the first rows that attend
  const int keys = divide_up(rows, g.columns), depth_steps = gemm_steps(c, c.attention.head_dim()),
            score_steps = keys * depth_steps, value_steps = parts * gemm_steps(c, rows);
  // Scores leave a row a cycle. Softmax takes the words of a row, or its reciprocal a division if that is longer.
  constexpr int division = 17;
  const int scores = keys * std::max(depth_steps, g.rows) + 1, products = value_steps + 1,
            softmax = g.rows * std::max(divide_up(rows, exponential_units(c)), division) + 4;
  const std::int64_t passes = std::int64_t{divide_up(rows, g.rows)} * c.attention.heads;
  pass(b, scores + softmax + passes * std::max(scores + products, softmax));
  pass(b, g.rows * (beats + 8) + b.latency);  // the last rows are written
  b.work.array_steps += passes * (score_steps + value_steps);
  b.work.reads += std::int64_t{3} * rows * beats, b.work.writes += std::int64_t{rows} * beats;
  b.run.beats.query += std::int64_t{3} * rows * beats, b.run.beats.output += std::int64_t{rows} * beats;
  for (int phase = 1; phase < 5; ++phase) b.end_phase(phase);
}

}  // namespace

void Board::step() {
  if (!clock.advance()) throw std::logic_error("the cycle model stands still");
}

void Board::end_job(ReadPort& port) {
  job_end = clock.now();
  ahead.end_job();
  while (ahead.under_way()) {
    step();
    port.tick();
    ahead.tick();
  }
}

JobRun run_job(const Config& config, const Demand& demand, const CacheRun& cache, int latency, const Lead& lead,
               const NextLoads& next) {
  Board board(config, demand, std::max(latency, 1), lead, next);
  if (demand.self_parts > 0) run_self(board);
  else if (demand.dense) run_dense(board);
  else run_layer(board, cache);
  board.run.next =
      demand.self_parts > 0 ? Lead{board.ahead.wanted()} : board.ahead.lead();  // a short one, in a long job
  return board.run;
}

}  // namespace quillgen::estimate
