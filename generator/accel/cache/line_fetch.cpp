// Reads missing lines of the value map. A read is asked for only when the buffer behind it has room for the whole line.
#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Row {  // first block of the row, times the blocks of a row
  UInt row, bx, head, level;
  std::optional<UInt> part;  // which line of its block, where that has several
  QUILLGEN_FIELDS(row, bx, head, level, part)
};
struct BlockNumber {
  UInt number, level;
  std::optional<UInt> part;
  QUILLGEN_FIELDS(number, level, part)
};

// The block that a line lies in.
UInt block_of(const UInt& line, int length) {
  if (length == 2) return line;
  return line.width() > 1 ? line >> 1 : UInt::constant(line.module(), 0, 1);
}
// Its place there, rows first.
std::optional<UInt> part_of(const Shapes& s, const LineName& line) {
  if (s.line_height() == 2) return std::nullopt;
  UInt row = line.row.bits(0, 1);
  return s.line_width() == 2 ? row : concat({row.bit(0), line.column.bit(0)});
}
// Where such a part begins in its block, bytes.
UInt offset_in_block(const Shapes& s, const UInt& part) {
  std::vector<UInt> offsets;
  for (int i = 0; i < 1 << part.width(); ++i)
    offsets.push_back(UInt::constant(part.module(), static_cast<std::uint64_t>(i * line_bytes(s.config)),
                                     std::countr_zero(static_cast<unsigned>(block_bytes(s.config)))));
  return select(part, offsets);
}

// Lines in turn into two buffers, from which two leave in a cycle.
void two_buffers(Design& d, Module& m, const Shapes& s, const UInt& whole, const Bool& complete, Reg<UInt> reserved,
                 const Bool& admitted) {
  m.note("Lines lie in two buffers in turn.");
  auto turn = reg(m, "turn", Bool(), 0);
  turn.when(complete, ~turn);
  const int depth = s.lines_outstanding() / 2;  // those that wait follow each other: no more than half lie in each
  UInt line = whole.wrap(s.line_bits()).named("line_in");
  std::vector<Bool> taken;
  for (int i = 0; i < 2; ++i) {
    const auto number = std::to_string(i);
    auto assembled = stream(m, "assembled_" + number, complete & (i == 0 ? ~turn : turn), line);
    auto lines = lib::sram_fifo(d, m, "lines_" + number, assembled, depth);
    m.add_assertion("a line that comes has its place in buffer " + number, (~assembled.valid | assembled.ready).id());
    taken.push_back(lines.fire().named("taken_" + number));
    output_stream(m, "line_" + number, lines);
  }
  UInt more = reserved + admitted.as_uint();
  UInt fewer = taken[0].as_uint() + taken[1].as_uint();
  reserved.next((more - fewer).as_uint().wrap(reserved.width()));
}

}  // namespace

const Module& build_line_fetch(Design& d, const Shapes& s) {
  return d.module("line_fetch", s, [](Design& d, Module& m, const Shapes& s) {
    const int beats = line_beats(s.config),
              block_shift = std::countr_zero(static_cast<unsigned>(block_bytes(s.config)));
    const int outstanding = s.lines_outstanding(), heads = s.config.attention.heads;
    m.describe(
        "Fetches lines of the value map in the order they are asked for. At most lines_outstanding are under way or "
        "waiting, each with its place in the buffer reserved. first_head: that of the lane.");
    m.parameter("line_beats", beats);
    m.parameter("lines_outstanding", outstanding);
    auto levels = input(m, "levels", LevelShapes(s));
    std::vector<UInt> starts;
    for (int l = 0; l < s.a.levels; ++l)
      starts.push_back(input(m, "start_" + std::to_string(l), UInt(s.address_bits())));
    const int head_bits = Shapes::bits(heads);
    auto first_head = input(m, "first_head", UInt(head_bits));
    auto in = input_stream(m, "miss", LineName(s));
    if (!s.has_line_pairs()) {  // of which they wait in a queue already
      m.note(
          "What is missing is known late in a cycle, and so is whether the port takes a read: they do not meet here.");
      in = lib::fifo(d, m, "missing", in, 2);
    }

    m.note("Places reserved in the buffer.");
    auto reserved = reg(m, "reserved", UInt(Shapes::holds(outstanding)), 0);
    Bool room = (reserved != outstanding).named("room");
    auto admitted = stream(m, "admitted", in.valid & room, in.data);
    in.ready.drive(admitted.ready & room);

    m.note(std::string(block_bytes(s.config) == line_bytes(s.config) ? "Line" : "Block") +
           " number in its level: (by * blocks of a row + bx) * heads + head.");
    lib::Pipeline pipe(m, "address", admitted);
    std::vector<UInt> row_blocks;
    for (const UInt& w : levels.width) row_blocks.push_back((w + 1) >> 1);
    for (const UInt& h : levels.height) discard(h);
    UInt blocks = select(in.data.level, row_blocks).named("blocks");
    UInt by = block_of(in.data.row, s.line_height()), bx = block_of(in.data.column, s.line_width());
    auto row = pipe.stage("row", Row{by * blocks, bx, in.data.head, in.data.level, part_of(s, in.data)});
    UInt block = row.row + row.bx;
    UInt head = (s.head_lanes() == 1 ? row.head : first_head + row.head).resize(head_bits);
    if (s.head_lanes() == 1) discard(first_head);
    UInt number = (heads == 1 ? block : block * heads + head).resize(s.address_bits() - block_shift);
    if (heads == 1) discard(head);
    auto line = pipe.stage("line", BlockNumber{number, row.level, row.part});
    if (s.a.levels == 1) discard(line.level);
    UInt offset = line.part ? concat({line.number, offset_in_block(s, *line.part)}) : line.number << block_shift;
    BurstRequest request(s);
    request.address = lib::move_address(select(line.level, starts), offset);
    request.length = UInt(8);
    struct Address {
      UInt address;
      void each(const std::function<void(const char*, UInt&)>& f) { f("address", address); }
    };
    auto target = pipe.stage("target", Address{request.address});
    auto out = pipe.finish(target);
    request.address = target.address;
    request.length = UInt::constant(m, static_cast<std::uint64_t>(beats - 1), 8);
    output_stream(m, "request", Stream<BurstRequest>{request, out.valid, out.ready});

    m.note("Assemble the beats of a line.");
    auto data = input(m, "data", UInt(s.data_bits()));
    auto data_valid = input(m, "data_valid", Bool());
    UInt whole = data;
    Bool complete = data_valid;
    if (beats > 1) {
      auto beat = reg(m, "beat", UInt(Shapes::bits(beats)), 0);
      beat.when(data_valid, lib::next_index(beat, beats));
      std::vector<UInt> parts;
      for (int i = 0; i + 1 < beats && i * s.data_bits() < s.line_bits(); ++i) {  // beats of padding are not kept
        auto part = reg(m, "part_" + std::to_string(i), UInt(s.data_bits()));
        part.when(data_valid & (beat == i), data);
        parts.push_back(part);
      }
      if (static_cast<int>(parts.size()) * s.data_bits() < s.line_bits()) parts.push_back(data);
      whole = lib::join(parts);
      complete = data_valid & lib::is_last(beat, beats);
    }
    if (s.fills_two()) {
      two_buffers(d, m, s, whole, complete, reserved, in.fire());
      return;
    }
    auto assembled = stream(m, "assembled", complete, whole.wrap(s.line_bits()));
    auto lines = lib::sram_fifo(d, m, "lines", assembled, outstanding);
    m.add_assertion("a line that comes has its place", (~complete | assembled.ready).id());
    Bool taken = lines.fire().named("taken");
    reserved.when(in.fire() & ~taken, lib::increment(reserved)).when(taken & ~in.fire(), lib::decrement(reserved));
    output_stream(m, "line_out", lines);
  });
}

}  // namespace quillgen::accel
