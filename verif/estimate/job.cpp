#include "estimate/job.hpp"

#include <stdexcept>

#include "estimate/board.hpp"
#include "estimate/parameters.hpp"

namespace quillgen::estimate {
namespace {

/// Descriptor read and checked; the loads begin. Returns the cycle in which the tags are clear.
Cycle begin(Board& b) {
  ReadPort port(b.clock, b.latency, {&b.job_reader});
  int beats = divide_up(4 * descriptor_words(b.c), b.beat());
  b.clock.acted(), b.step();
  b.job_reader.request(beats);
  while (beats > 0) {
    b.step();
    port.tick();
    if (b.job_reader.ready()) b.job_reader.take(), --beats;
  }
  b.work.reads += port.busy();
  for (int i = 0; i < b.c.attention.levels + 3; ++i)
    b.clock.acted(), b.step();  // level after level, two rules, verdict
  const Cycle accepted = b.clock.now();
  b.clock.acted();
  b.accepted = accepted;
  return accepted + 1 + cache_sets(b.c);
}

/// Until everything wanted is loaded, and the cycle `at` has come.
void finish_loads(Board& b, Cycle at) {
  ReadPort port(b.clock, b.latency, {&b.job_reader});
  do {
    b.step();
    port.tick();
    b.loads.tick();
  } while (!b.loads.done() || !b.clock.due(at));
  b.work.reads += port.busy();
}

void start_pulse(Board& b) { b.clock.acted(), b.step(); }

void run_layer(Board& b, const CacheRun& cache) {
  auto image = image_beats(b.c);
  if (b.demand.stream.norm) image.rest += norm_beats(b.c);
  const auto& layer = b.demand.layer;
  const Cycle cleared = begin(b);
  if (b.demand.map_given) {
    b.loads.want(image.rest);
    finish_loads(b, cleared);
    b.end_phase(0);
  } else {
    b.loads.want(image.value);
    if (!layer.padding.empty()) b.loads.want(divide_up(layer.tokens, b.beat()));
    finish_loads(b, 0);
    b.end_phase(0);
    b.loads.want(image.rest);
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
  b.loads.want(panel_beats(b.c, std::min(most, tiles), s.inner));
  if (b.demand.stream.norm) b.loads.want(norm_beats(b.c));
  finish_loads(b, 0);
  b.end_phase(0);
  for (int first = 0; first < tiles; first += most) {
    const int now = std::min(most, tiles - first), next = std::min(most, tiles - first - now);
    if (next > 0) b.loads.want(panel_beats(b.c, next, s.inner));
    start_pulse(b);
    multiply_panel(b, now, std::min(now * columns, s.outputs - first * columns));
  }
  for (int phase = 1; phase < 5; ++phase) b.end_phase(phase);
}

}  // namespace

void Board::step() {
  if (!clock.advance()) throw std::logic_error("the cycle model stands still");
}

JobRun run_job(const Config& config, const Demand& demand, const CacheRun& cache, int latency) {
  Board board(config, demand, std::max(latency, 1));
  if (demand.dense) run_dense(board);
  else run_layer(board, cache);
  board.run.beats.job = board.job_reader.beats;
  return board.run;
}

}  // namespace quillgen::estimate
