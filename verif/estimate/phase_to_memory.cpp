// Runs of the PE array whose results go to memory: the value map, panels of dense products.
#include "estimate/board.hpp"
#include "estimate/burst_writer.hpp"
#include "estimate/query_order.hpp"
#include "estimate/row_copy.hpp"
#include "estimate/row_epilogue.hpp"
#include "estimate/row_names.hpp"
#include "estimate/rows.hpp"
#include "estimate/token_walk.hpp"

namespace quillgen::estimate {
namespace {

/// Channels of a pixel that leave the result buffer in a cycle: what divides a head, at most a beat.
int map_unit(const Config& c) {
  const int in_beat = beat_bytes(c.memory) / element_bytes(c.numerics.feature_bits);
  int unit = 1;
  while (unit < in_beat && c.attention.head_dim() % (2 * unit) == 0) unit *= 2;
  return unit;
}

void account(Board& b, const PeArray& array, const ReadPort& port, const BurstWriter& writer) {
  b.work.array_steps += array.busy(), b.work.reads += port.busy(), b.work.writes += writer.beats();
}

}  // namespace

void project_map(Board& b) {
  const auto& c = b.c;
  const int channels = c.attention.embed_dim, element = element_bytes(c.numerics.feature_bits);
  const int map_block_beats = c.attention.heads * block_beats(c),
            block_units = c.attention.heads * block_bytes(c) / (map_unit(c) * element);
  TokenWalk walk(b.clock, b.demand.layer, c.gemm.rows);
  Rows rows(b, channels, c.numerics.feature_bits, b.demand.stream.sources, false);
  PeArray array(b.clock, b.array_timing(value_tiles(c), channels), b.result_groups());
  BurstWriter writer(b.beat(), b.memory);
  std::vector<ReadClient*> clients = {&b.job_reader};
  rows.add_clients(clients);
  OrderReads order(b);
  clients.push_back(&order);
  ReadPort port(b.clock, b.memory, clients);
  std::int64_t blocks_left = walk.block_count();
  int complete = 0;      // groups that the block waited for
  Cycle copied = never;  // the block in work has left the result buffer
  b.clock.acted();
  while (blocks_left > 0 || !b.loads.done() || !b.clock.due(writer.done() + 1)) {
    b.step();
    port.tick();
    b.tick_loads();
    rows.load(array);
    if (walk.offers() && rows.accepts()) {
      const auto token = walk.token();
      rows.ask(walk.take(), token);
    }
    walk.tick();
    array.tick();
    auto& blocks = walk.blocks();
    if (copied < never) {
      if (!b.clock.due(copied)) continue;
      for (int i = 0; i < blocks.front().frees; ++i) array.release();
      blocks.pop(), --blocks_left;
      complete = 0, copied = never;
      b.clock.acted();
    } else if (!blocks.empty() && b.clock.due(blocks.front().at)) {
      if (complete == blocks.front().waits) {
        const Cycle asked = writer.request(b.clock.now() + 1);
        copied = asked + block_units + writer.run(asked + 2, map_block_beats, block_units);
        b.clock.acted();
      } else if (!array.results().empty() && b.clock.due(array.results().front())) {
        array.results().pop(), ++complete;
        b.clock.acted();
      }
    }
  }
  b.run.beats.source += rows.beats(), b.run.beats.value += writer.beats();
  account(b, array, port, writer);
}

void multiply_panel(Board& b, int tiles, int outputs) {
  const auto& c = b.c;
  const auto& shape = b.demand.shape;
  const auto& stream = b.demand.stream;
  const int output_beats = row_beats(outputs, result_width(c), c.memory);
  Rows rows(b, shape.inner, c.numerics.query_bits, stream.queries, stream.positions);
  auto timing = b.array_timing(tiles, shape.inner);
  if (stream.activation) timing.finish += activation_delay;
  PeArray array(b.clock, timing, b.result_groups());
  BurstWriter writer(b.beat(), b.memory);
  std::optional<ListedRows> list;
  if (stream.gathers || stream.scatters) list.emplace(b);
  std::optional<RowEpilogue> epilogue;
  if (stream.adds()) epilogue.emplace(b, writer, shape.rows, stream.scatters ? &*list : nullptr);
  std::vector<ReadClient*> clients = {&b.job_reader};
  rows.add_clients(clients);
  if (list) clients.push_back(&list->reader());
  if (epilogue) clients.push_back(&epilogue->reader());
  ReadPort port(b.clock, b.memory, clients);
  int to_ask = shape.rows, in_group = 0, to_copy = shape.rows, of_group = 0;
  RowCopy copy(b.clock, writer, output_beats);
  const auto end_row = [&] {
    --to_copy;
    if (++of_group == c.gemm.rows || to_copy == 0) array.results().pop(), array.release(), of_group = 0;
    b.clock.acted();
  };
  const auto all_written = [&] { return epilogue ? epilogue->written() == shape.rows : to_copy == 0; };
  b.clock.acted();
  while (!all_written() || !b.loads.done() || !b.clock.due(writer.done() + 1)) {
    b.step();
    port.tick();
    b.tick_loads();
    rows.load(array);
    if (list) list->tick();
    if (to_ask > 0 && rows.accepts() && (!stream.gathers || list->has_row())) {
      if (stream.gathers) list->take_row();
      --to_ask;
      const bool ends_group = ++in_group == c.gemm.rows || to_ask == 0;
      if (ends_group) in_group = 0;
      rows.ask(ends_group);
    }
    array.tick();
    if (epilogue) {
      epilogue->tick();
      // The next row is read from the result buffer when the last word of the one before has left it, that of another
      // group a cycle later.
      if (shape.rows - to_copy < epilogue->taken()) end_row();
      if (shape.rows - to_copy == epilogue->taken() && epilogue->offered() == epilogue->taken() &&
          !array.results().empty() && b.clock.due(array.results().front()))
        epilogue->offer(b.clock.now() + (of_group == 0 ? 2 : 1), output_beats), b.clock.acted();
      continue;
    }
    if (copy.tick(array.results(), of_group == 0)) end_row();
  }
  b.run.beats.query += rows.beats(), b.run.beats.output += writer.beats();
  if (list) b.run.beats.list += list->reader().beats;
  if (epilogue) b.run.beats.query += epilogue->reader().beats;
  account(b, array, port, writer);
  if (b.last_run) b.end_job(port);
}

}  // namespace quillgen::estimate
