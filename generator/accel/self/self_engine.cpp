// What self-attention (NUMERICS.md N16) adds to the PE array: passes in the place of tiles, exponentials in the place
// of operands, parts of sums, scores.
#include <fmt/core.h>

#include "accel/array/gemm_engine.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

// Self-attention: passes in the place of tiles.
Passes GemmEngine::attend(const Bool& room) {
  m.note("Self-attention: passes of scores and of products with the values in turn.");
  softmax = Instance(m, "row_softmax", build_row_softmax(d, s));
  softmax.in("last_column", attends->last_column), softmax.in("last_tile", attends->last_tile);
  softmax.in("gain", attends->gain);
  exponentials = softmax.out("exponentials", exponentials);
  Instance steps(m, "self_steps", build_self_steps(d, s));
  steps.in("start", start), steps.in("run", *attends), steps.in("advance", advance), steps.in("room", room);
  steps.connect("exponentials_ready", softmax, "ready");
  softmax.connect("taken", steps, "exponentials_taken");
  auto taken = ready_wire(m, "pass_takes_group");
  steps.in_stream("loaded", Stream<UInt>{group.data, group.valid, taken});
  self_step = steps.out("step", self_step);
  Passes p{steps.out<Bool>("issue"),         steps.out<Bool>("ends_rows"),   steps.out<Bool>("ends_group"),
           steps.out<Bool>("last_of_group"), steps.out("tile", SelfTile(s)), steps.out<UInt>("channels")};
  discard(taken);
  return p;
}

// Exponentials of the rows in the place of their operands: a memory for each row, of which a part of a word is taken.
std::vector<UInt> GemmEngine::exponential_operands() {
  m.note("Exponentials of two heads.");
  const int units = exponential_units(s.config), bits = s.exponential_bits(), word_steps = units / depth,
            parts = exponential_parts(s.config), part_bits = s.n.query_bits - 1;
  auto takes = reg(m, "takes_exponentials", Bool());
  takes.when(move, attends->active & self_step.of_exponentials);
  takes_exponentials = takes;
  auto place = reg(m, "exponential_place", UInt(self_step.place.width()));
  place.when(move, self_step.place);
  auto part = reg(m, "exponential_part", UInt(self_step.part.width()));
  part.when(move, self_step.part);
  if (word_steps == 1) discard(place);
  if (parts == 1) discard(part);
  Bool read = (move & self_step.of_exponentials & attends->active & (self_step.place == 0)).named("read_exponentials");
  std::vector<UInt> list;
  for (int r = 0; r < rows; ++r) {
    Ram memory(m, fmt::format("exponentials_{}", r), 2 << s.exponential_word_bits(), units * bits, 1);
    Bool mine = exponentials.enable;
    if (exponentials.row) mine = mine & (*exponentials.row == r);
    memory.write(mine, concat({exponentials.parity, exponentials.word}), lib::join(exponentials.value));
    Bool in_group = r == 0 ? read : (read & (self_step.rows > r)).named(fmt::format("read_exponentials_{}", r));
    UInt word = memory.read(concat({self_step.parity, self_step.word}), in_group);
    std::vector<UInt> operands;
    for (int i = 0; i < depth; ++i) {
      std::vector<UInt> by_place;
      for (int p = 0; p < word_steps; ++p) by_place.push_back(word.bits((p * depth + i) * bits, bits));
      UInt whole = word_steps == 1 ? by_place[0] : select(place, by_place);
      std::vector<UInt> by_part;  // the first one is the highest
      for (int p = 0; p < parts; ++p) {
        const int low = (parts - 1 - p) * part_bits;
        by_part.push_back(whole.bits(low, std::min(part_bits, bits - low)).extend(s.operand_bits()));
      }
      operands.push_back(parts == 1 ? by_part[0] : select(part, by_part));
    }
    list.push_back(lib::join(operands));
  }
  return list;
}

// With self-attention a stage more: the parts of a sum are added up, and the scale is that of the run or of the row.
void GemmEngine::combine(const Tile& tile, std::vector<UInt>& sums, std::vector<UInt>& column_entries) {
  m.note("Parts of exponentials are added up, the first one is the highest; the last sum is scaled by the row's.");
  const int bits = s.drained_bits(), parts = exponential_parts(s.config), row_bits = rows == 1 ? 1 : Shapes::bits(rows);
  const SelfTile& self = *tile.self;
  auto multiplies = reg(m, "drained_products", Bool()), scores = reg(m, "drained_scores", Bool()),
       first = reg(m, "drained_first_part", Bool()), parity = reg(m, "drained_parity", Bool());
  multiplies.next(attends->active & ~self.scores), scores.next(attends->active & self.scores);
  first.next(self.first_part), parity.next(self.parity);
  auto row = reg(m, "drained_row", UInt(row_bits));
  row.next(drain_row);
  softmax.in("scale_parity", parity);
  if (rows > 1) softmax.in("scale_row", row);
  else discard(row);
  lib::RequantEntry of_scores, of_row;
  of_scores.bias = SInt::constant(m, 0, lib::bias_bits), of_row.bias = of_scores.bias;
  of_scores.mult = UInt::constant(m, 1, lib::mult_bits), of_scores.shift = attends->score_shift;
  of_row.mult = softmax.out<UInt>("scale_mult"), of_row.shift = softmax.out<UInt>("scale_shift");
  UInt whole;
  std::optional<Ram> kept;
  if (parts > 1) {
    kept.emplace(m, "parts", rows == 1 ? 2 : 1 << row_bits, columns * bits, 1);
    whole = kept->read(rows == 1 ? UInt::constant(m, 0, 1) : drain_row,
                       draining & (drain_row < tile.rows) & attends->active & ~self.scores & ~self.first_part);
  } else {
    discard(first);
  }
  std::vector<UInt> all;
  for (int c = 0; c < columns; ++c) {
    const auto column = static_cast<std::size_t>(c);
    SInt sum = sums[column].as_sint().extend(bits);
    if (parts > 1) {
      SInt higher = (whole.bits(c * bits, bits).as_sint() << (s.n.query_bits - 1)).wrap(bits);
      SInt none = SInt::constant(m, 0, bits);
      sum = (sum + mux(multiplies & ~first, higher, none)).wrap(bits);
    }
    auto combined = reg(m, fmt::format("combined_{}", c), SInt(bits));
    combined.next(sum);
    sums[column] = combined.as_uint(), all.push_back(combined.as_uint());
    auto entry = reg(m, fmt::format("entry_{}", c), lib::RequantEntry{});
    entry.next(mux(multiplies, of_row, mux(scores, of_scores, unpack(column_entries[column], lib::RequantEntry{}))));
    column_entries[column] = pack(entry);
  }
  if (parts == 1) return;
  auto write_row = reg(m, "combined_row", UInt(row_bits));
  write_row.next(row);
  auto valid = reg(m, "drained_valid", Bool(), 0), write_now = reg(m, "combined_valid", Bool(), 0);
  valid.next(draining & (drain_row < tile.rows) & attends->active & ~self.scores), write_now.next(valid);
  kept->write(write_now, rows == 1 ? UInt::constant(m, 0, 1) : write_row, lib::join(all));
  if (rows == 1) discard(write_row);
}

void GemmEngine::give_scores() {
  m.note("Scores of self-attention.");
  Scores out(s);
  const SelfTile& self = *drain.self;
  out.valid = (write & attends->active & self.scores).named("scores_valid");
  out.parity = self.parity, out.keys = self.keys, out.last_keys = self.last_keys, out.rows = drain.rows;
  if (out.row) out.row = drain.row;
  for (std::size_t c = 0; c < values.size(); ++c) out.value[c] = values[c].saturate(score_bits);
  softmax.in("score", out);
  discard(self.first_part);
}

}  // namespace quillgen::accel
