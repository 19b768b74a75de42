// Data side of the line cache: the run-ahead queue, four data banks by pixel parity, in-order fill.
//
// The sample at the head of the queue waits until each line that it asked for has come, and writes it; then it moves to
// the read stage, where its four pixels are read in one cycle. While one sample is read the next one is filled. A line
// is overwritten only by a younger sample than all that use it: older ones have been read by then, except the one being
// read at that moment, which is why a fill compares its place. Lines that no tag names lie in memories of their own,
// one place for each line parity ("aside"), and are used by one sample only.
//
// With regions the data banks hold two halves. A sample also waits until its half is filled; the half is free again
// when the last sample of its group has been read. Lines of regions are written as they come, since nothing reads the
// half they belong to; all lines that samples ask for lie aside, with region_ranges there are none. A line that is
// copied from half to half takes the read port for a cycle, before the samples, and the write port in the next.
#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Reading {  // a sample whose lines are all there
  std::array<UInt, banks> weight, place;
  std::optional<UInt> line_x, line_y;
  Bool last_of_head, last_of_query;
  std::optional<Bool> last_of_region;
  QUILLGEN_FIELDS(weight, place, line_x, line_y, last_of_head, last_of_query, last_of_region)
};

struct Beside {  // what is kept beside the data that were read
  std::array<UInt, banks> weight;
  Bool last_of_head, last_of_query;
  std::optional<UInt> aside;  // by parity of the pixel
  QUILLGEN_FIELDS(weight, last_of_head, last_of_query, aside)
};

template <class T>
T shape_like(T value) {
  each_leaf(value, "", [](const std::string&, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    if constexpr (std::same_as<L, Bool>) leaf = Bool();
    else leaf = L(leaf.width());
  });
  return value;
}

// Pixel `number` of a line, its elements cut to their bits.
UInt pixel_of(const Shapes& s, const UInt& line, int number) {
  const int element = 8 * element_bytes(s.n.feature_bits);
  std::vector<SInt> channels;
  for (int i = 0; i < s.a.head_dim(); ++i)
    channels.push_back(line.bits((number * s.a.head_dim() + i) * element, s.n.feature_bits).as_sint());
  return lib::join(channels);
}

// The halves of the data banks: lines of regions on their way in.
struct Halves {
  Bool filled;  // that of the sample at the head of the queue
  Bool writes;
  UInt target, data;
  std::optional<Bool> copies;  // a line is read, from `source`, to be written in the next cycle
  std::optional<Bool> copied;  // .. and is written now
  UInt source;
};

Halves build_halves(Module& m, const Shapes& s, const Stream<QueueEntry>& head, const Bool& port_free) {
  m.note("Halves: a line comes from memory, or is copied from the other half.");
  auto line = input_stream(m, "region", RegionLine(s));
  auto filled = reg(m, "halves_filled", UInt(2), 0);
  Bool fills = (line.fire() & line.data.last).named("fills_half"),
       leaves = (head.fire() & *head.data.last_of_region).named("leaves_half");
  filled.when(fills & ~leaves, lib::increment(filled)).when(leaves & ~fills, lib::decrement(filled));
  Halves halves{filled != 0, line.fire(), line.data.address, line.data.data, {}, {}, {}};
  if (!s.has_copies()) {
    line.ready.drive(true);
    return halves;
  }
  const int half = s.line_place_bits() - 1, width = line.data.address.width();
  halves.source = concat({line.data.address.bits(half + 1, width - half - 1), ~line.data.address.bits(half, 1),
                          line.data.address.bits(0, half)})
                      .named("copy_source");
  auto copied = reg(m, "copied", Bool(), 0);
  auto target = reg(m, "copy_target", UInt(line.data.address.width()));
  m.note("A block that comes into a region last and goes on into the next one first is read when it has been written.");
  Bool may_read = (port_free & ~(copied & (target == halves.source))).named("copy_may_read"),
       reads = (line.valid & *line.data.copied & may_read).named("copy_reads");
  copied.next(reads);
  target.when(reads, line.data.address);
  line.ready.drive(mux(*line.data.copied, may_read, ~copied));
  halves.writes = (copied | (line.fire() & ~*line.data.copied)).named("write_half");
  halves.target = mux(copied, target, line.data.address).named("write_address");
  halves.copies = reads, halves.copied = copied;
  return halves;
}

// The block in the order of its file: lines are filled in, samples read, and what was read is kept until it is taken.
struct FeatureBuffer {
  Design& d;
  Module& m;
  const Shapes& s;
  const int place_bits = s.line_place_bits(), aside_bits = s.has_aside() ? 1 : 0;
  // Parities of its line that do not follow from a pixel's own: of row and column, column, none.
  const int free_bits = s.line_height() + s.line_width() - 2;
  const int pixel_bits = s.a.head_dim() * s.n.feature_bits;

  Stream<QueueEntry> in = {QueueEntry(s), {}, {}}, head = in;
  Stream<UInt> line = {};
  Reg<UInt> filled = {};
  UInt open = {}, lowest = {}, parity = {}, fill_address = {};  // lines that are missing still; the one that is next
  Bool fill = {}, complete = {};                                // it is written; all lines of the sample are there
  Bool take = {};                                               // the sample at the head of the queue, to be read next
  std::optional<Reading> next = {};
  Reg<Reading> reading = {};  // the sample whose pixels are read
  Reg<Bool> reading_valid = {};
  std::vector<UInt> read_address = {};
  std::vector<Bool> needed = {};  // pixels whose weight is not 0
  Bool busy = {}, issue = {};     // the line to write is one that is read; the sample is read
  Reg<Beside> sample = {};        // what goes along with the data that were read
  Reg<Bool> sample_valid = {};
  Wire<Bool> sample_ready = {};
  std::optional<Halves> halves = {};  // with regions
  // With fills_two(): lines come from two buffers in turn, `line` from buffer `turn`; the one after it comes from the
  // other, and is written in the same cycle if it can be.
  std::array<Stream<UInt>, 2> lines = {};
  Reg<Bool> turn = {};
  UInt after = {}, second = {}, second_parity = {}, second_address = {};  // lines missing but the next; their next one
  Bool fill_second = {};
  Sample out = Sample(s);

  void lines_in_turn();
  void fill_lines();
  void fill_two();
  void read_sample();
  void keep_sample();
  void data_banks();
  void data_bank(std::size_t p);
  void half_bank(std::size_t p, int in_line);
  UInt only_read(std::size_t p, const UInt& pixel) const;
  Ram memory_of(const std::string& name, int words) const { return {m, name, words, pixel_bits, 1}; }
  Bool is_aside(const UInt& address) const { return address.bit(place_bits); }
  UInt line_of(const UInt& address) const { return address.bits(place_bits + aside_bits, free_bits); }
  UInt in_sets(const UInt& address) const {
    if (aside_bits == 0) return address.bits(0, place_bits + free_bits);
    UInt place = address.bits(0, place_bits);
    return free_bits == 0 ? place : concat({line_of(address), place});
  }
};

void FeatureBuffer::lines_in_turn() {
  m.note("Lines come from two buffers in turn.");
  for (std::size_t i = 0; i < 2; ++i) lines[i] = input_stream(m, "line_" + std::to_string(i), UInt(s.line_bits()));
  turn = reg(m, "turn", Bool(), 0);
  Bool valid = mux(turn, lines[1].valid, lines[0].valid).named("line_valid");
  line = stream(m, "line", valid, lines[0].data);  // data_bank chooses the data
}

void FeatureBuffer::fill_lines() {
  head = lib::sram_fifo(d, m, "queue", in, s.config.feature_cache.run_ahead);
  if (!s.has_demand()) return;

  m.note(s.fills_two() ? "Fill: one line a cycle, or two that share no bank, column after column."
                       : "Fill: one line a cycle, lowest parity first.");
  filled = reg(m, "filled", UInt(banks), 0);
  open = (in_turn(s, *head.data.fill) & ~filled).named("open");
  lowest = (open & (~open + 1).wrap(banks)).named("lowest");
  std::vector<UInt> places(head.data.place.begin(), head.data.place.end());
  const LineParity first = parity_in_turn(s, lowest);
  parity = concat({first.row, first.column}).named("fill_parity");
  fill_address = concat({parity, select(parity, places)}).named("fill_address");
  if (!s.fills_two()) return;
  after = (open & ~lowest).named("after");
  second = (after & (~after + 1).wrap(banks)).named("second");
  const LineParity next_one = parity_in_turn(s, second);
  second_parity = concat({next_one.row, next_one.column}).named("second_parity");
  second_address = concat({second_parity, select(second_parity, places)}).named("second_address");
}

void FeatureBuffer::read_sample() {
  m.note(
      "Read: the sample that was filled before. Its line of a pixel is found by the parity of the block that the "
      "pixel lies in.");
  next = Reading{head.data.weight,       head.data.place,         head.data.line_x,        head.data.line_y,
                 head.data.last_of_head, head.data.last_of_query, head.data.last_of_region};
  reading = reg(m, "reading", shape_like(*next));
  reading_valid = reg(m, "reading_valid", Bool(), 0);
  busy = Bool::constant(m, false);
  std::vector<UInt> reading_places(reading.place.begin(), reading.place.end());
  for (std::size_t p = 0; p < banks; ++p) {
    const int pixel = static_cast<int>(p);
    UInt of_line = concat({line_parity(m, reading.line_y, pixel / 2), line_parity(m, reading.line_x, pixel % 2)});
    read_address.push_back(
        concat({of_line, select(of_line, reading_places)}).named("read_address_" + std::to_string(p)));
    needed.push_back(reading.weight[p].any().named("needs_pixel_" + std::to_string(p)));
    if (s.has_demand()) busy = busy | (needed[p] & (read_address[p] == fill_address));
  }
  if (!s.has_demand()) {
    complete = Bool::constant(m, true), take = head.fire().named("take_sample");
    return;
  }
  busy = (busy & reading_valid).named("busy");

  fill = (head.valid & line.valid & open.any() & ~busy).named("write_line");
  line.ready.drive(head.valid & open.any() & ~busy);
  complete = (open.is_zero() | (fill & (open == lowest))).named("complete");
  if (s.fills_two()) fill_two();
  take = head.fire().named("take_sample");
  filled.when(take, 0);
  if (s.fills_two()) filled.when(fill_second, filled | lowest | second);
  filled.when(fill, filled | lowest);
}

void FeatureBuffer::fill_two() {
  m.note("The line after the one that is written, if no pixel of it has the parity of one of that.");
  Bool busy_second = Bool::constant(m, false);
  for (std::size_t p = 0; p < banks; ++p) busy_second = busy_second | (needed[p] & (read_address[p] == second_address));
  busy_second = (busy_second & reading_valid).named("second_busy");
  Bool fits = second.any();
  if (s.line_width() == 2) fits = fits & (parity.bit(1) ^ second_parity.bit(1));
  Bool ready = (fill & fits & ~busy_second).named("second_ready");
  fill_second = (ready & mux(turn, lines[0].valid, lines[1].valid)).named("write_second");
  complete = (complete | (fill_second & (after == second))).named("complete_with_second");
  lines[0].ready.drive(mux(turn, ready, line.ready));
  lines[1].ready.drive(mux(turn, line.ready, ready));
  turn.when(fill & ~fill_second, ~turn);
}

void FeatureBuffer::keep_sample() {
  m.note("Data in the cycle after the read, kept until they are taken.");
  Beside beside{reading.weight, reading.last_of_head, reading.last_of_query, std::nullopt};
  if (s.has_aside()) {
    std::vector<Signal> aside;
    for (const UInt& address : read_address) aside.push_back(is_aside(address));
    beside.aside = lib::join(aside);
  }
  sample = reg(m, "read", shape_like(beside));
  sample_valid = reg(m, "read_valid", Bool(), 0);
  sample_ready = ready_wire(m, "sample_taken");
  Bool port_free = ~sample_valid | sample_ready;
  if (s.has_regions()) halves = build_halves(m, s, head, port_free), complete = complete & halves->filled;
  issue = halves && halves->copies ? (reading_valid & port_free & ~*halves->copies).named("issue")
                                   : (reading_valid & port_free).named("issue");
  if (halves) output(m, "freed", issue & *reading.last_of_region);
  head.ready.drive(complete & (~reading_valid | issue));
  reading_valid.when(take, true).when(issue, false);
  reading.when(take, *next);
  sample_valid.when(issue, true).when(sample_ready, false);
  sample.when(issue, beside);
}

void FeatureBuffer::data_banks() {
  static constexpr const char* held[] = {"holds one pixel of each parity", "holds one pixel of each column parity",
                                         "is one pixel"};
  m.note(std::string("Data banks. A line ") + held[s.config.feature_cache.line_shape] + ".");
  for (std::size_t p = 0; p < banks; ++p) data_bank(p);
  out.last_of_head = sample.last_of_head, out.last_of_query = sample.last_of_query;
  output(m, "waiting", head.valid & ~complete);
  output_stream(m, "sample", Stream<Sample>{out, sample_valid, sample_ready});
}

// The pixels of parity p.
void FeatureBuffer::data_bank(std::size_t p) {
  const int row = static_cast<int>(p) / 2, column = static_cast<int>(p) % 2;
  const int in_line = (s.line_height() == 2 ? 2 * row : 0) + (s.line_width() == 2 ? column : 0);
  if (!s.has_demand()) return half_bank(p, in_line);
  // Of a line that has a pixel of this parity.
  const auto if_here = [&](Bool written, const UInt& of_line) {
    if (s.line_height() == 1) written = written & (row == 1 ? of_line.bit(1) : ~of_line.bit(1));
    if (s.line_width() == 1) written = written & (column == 1 ? of_line.bit(0) : ~of_line.bit(0));
    return written;
  };
  UInt pixel = pixel_of(s, line.data, in_line);
  Bool write = if_here(fill, parity);
  UInt fill_address = this->fill_address;
  if (s.fills_two()) {
    Bool first = if_here(Bool::constant(m, true), parity).named("first_" + std::to_string(p));
    write = write | if_here(fill_second, second_parity);
    fill_address = mux(first, fill_address, second_address).named("write_address_" + std::to_string(p));
    const UInt other = pixel_of(s, lines[1].data, in_line);
    pixel = mux(first == turn, other, pixel);
  }
  Bool read = issue & needed[p];
  out.weight[p] = sample.weight[p];
  const auto of_bank = [&](const char* name) { return name + std::to_string(p); };
  Ram sets = memory_of(of_bank("pixels_"), 1 << (free_bits + place_bits));
  if (!s.has_aside()) {
    sets.write(write, in_sets(fill_address), pixel);
    out.pixel[p] = only_read(p, sets.read(in_sets(read_address[p]), read));
    return;
  }
  Bool fill_aside = is_aside(fill_address), read_aside = is_aside(read_address[p]);
  const auto place_aside = [&](const UInt& address) {
    return free_bits == 0 ? UInt::constant(m, 0, 1) : line_of(address);
  };
  UInt set_address = in_sets(read_address[p]);
  Bool read_sets = (read & ~read_aside).named(of_bank("read_sets_"));
  if (halves && halves->copies) {
    set_address = mux(*halves->copies, halves->source, set_address);
    read_sets = read_sets | *halves->copies;
  }
  UInt from_sets = sets.read(set_address, read_sets);
  if (halves) {
    UInt data = pixel_of(s, halves->data, in_line);
    sets.write(halves->writes, halves->target, halves->copied ? mux(*halves->copied, from_sets, data) : data);
  } else {
    sets.write((write & ~fill_aside).named(of_bank("write_sets_")), in_sets(fill_address), pixel);
  }
  Ram aside = memory_of(of_bank("aside_"), std::max(2, 1 << free_bits));
  aside.write((write & fill_aside).named(of_bank("write_aside_")), place_aside(fill_address), pixel);
  UInt from_aside = aside.read(place_aside(read_address[p]), (read & read_aside).named(of_bank("read_aside_")));
  out.pixel[p] = only_read(p, mux(sample.aside->bit(static_cast<int>(p)), from_aside, from_sets));
}

// With halves alone: nothing is asked for by samples.
void FeatureBuffer::half_bank(std::size_t p, int in_line) {
  out.weight[p] = sample.weight[p];
  UInt address = in_sets(read_address[p]);
  Bool read = issue & needed[p];
  if (halves->copies) {
    address = mux(*halves->copies, halves->source, address);
    read = read | *halves->copies;
  }
  Ram pixels = memory_of("pixels_" + std::to_string(p), 1 << (free_bits + place_bits));
  UInt stored = pixels.read(address, read), data = pixel_of(s, halves->data, in_line);
  pixels.write(halves->writes, halves->target, halves->copied ? mux(*halves->copied, stored, data) : data);
  out.pixel[p] = only_read(p, stored);
}

// What was not read is not multiplied, though its weight is 0: it may be a word that was never written.
UInt FeatureBuffer::only_read(std::size_t p, const UInt& pixel) const {
  return mux(sample.weight[p].any(), pixel, UInt::constant(m, 0, 1).extend(pixel_bits));
}

}  // namespace

const Module& build_feature_buffer(Design& d, const Shapes& s) {
  return d.module(s.of_share("feature_buffer"), s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        s.has_demand()
            ? "Run-ahead queue and data banks of the line cache. Lines are written in the order they were asked for, "
              "each when the sample that asked for it reaches the head of the queue; the four corners of a sample are "
              "read in one cycle."
            : "Run-ahead queue and data banks of regions, in two halves. A sample at the head of the queue waits until "
              "its half is filled; its four corners are read in one cycle.");
    FeatureBuffer buffer{d, m, s};
    m.parameter("lines", banks << buffer.place_bits);
    m.parameter("run_ahead", s.config.feature_cache.run_ahead);
    buffer.in = input_stream(m, "entry", QueueEntry(s));
    if (s.fills_two()) buffer.lines_in_turn();
    else if (s.has_demand()) buffer.line = input_stream(m, "line", UInt(s.line_bits()));
    buffer.fill_lines();
    buffer.read_sample();
    buffer.keep_sample();
    buffer.data_banks();
  });
}

}  // namespace quillgen::accel
