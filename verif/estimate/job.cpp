#include "estimate/job.hpp"

#include <stdexcept>

#include "estimate/board.hpp"
#include "estimate/parameters.hpp"
#include "estimate/query_order.hpp"

namespace quillgen::estimate {
namespace {

void pass(Board& b, Cycle cycles) {
  for (; cycles > 0; --cycles) b.clock.acted(), b.step();
}

/// Reads the descriptor and checks it.
void fetch(Board& b) {
  ReadPort port(b.clock, b.memory, {&b.job_reader});
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
  // Of a program the counts are cleared once; then a projection hides it.
  return b.accepted + 1 + std::max(most_cache_sets(b.c), b.demand.counts_pixels ? count_words(b.c) : 0);
}

/// Until everything wanted is loaded, and the cycle `at` has come. The order reads beside them.
void finish_loads(Board& b, Cycle at) {
  OrderReads order(b);
  ReadPort port(b.clock, b.memory, {&b.job_reader, &order});
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
  const auto want_rest = [&] {
    if (b.demand.padded_image) b.want(mask_beats(b.c, layer.tokens));
    b.want(image.rest);
  };
  if (b.demand.map_given) {
    want_rest();
    finish_loads(b, cleared);
    b.end_phase(0);
  } else {
    load_panel(b, image.value);
    if (!layer.padding.empty()) b.want(mask_beats(b.c, layer.tokens)), finish_loads(b, 0);
    b.end_phase(0);
    want_rest();
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

void run_self(Board& b) {
  begin(b);
  b.end_phase(0);
  start_pulse(b);
  attend_self(b);
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

JobRun run_job(const Config& config, const Demand& demand, const CacheRun& cache, int latency, const DramTiming* dram,
               const Lead& lead, const NextLoads& next) {
  Board board(config, demand, std::max(latency, 1), dram, lead, next);
  if (demand.self_parts > 0) run_self(board);
  else if (demand.dense) run_dense(board);
  else run_layer(board, cache);
  board.run.next = board.ahead.lead();
  return board.run;
}

}  // namespace quillgen::estimate
