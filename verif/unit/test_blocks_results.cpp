// Results of the PE array on their way to memory: the result buffer, with the writer of the value map and with that of
// the rows of a dense job.
#include "accel/array/gemm.hpp"
#include "accel/epilogue/epilogue.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

using hdl::input;
using hdl::Instance;

/// The result buffer with one of its readers, as in the unit of the array.
const hdl::Module& build_results(hdl::Design& d, const accel::Shapes& s, bool dense) {
  return d.module(dense ? "dense_results" : "map_results", [&](hdl::Module& m) {
    auto start = input(m, "start", hdl::Bool());
    Instance buffer(m, "buffer", accel::build_result_buffer(d, s));
    buffer.in("dense", hdl::Bool::constant(m, dense));
    buffer.in("relu", dense ? input(m, "relu", hdl::Bool()) : hdl::Bool::constant(m, false));
    if (s.has_epilogue()) {
      buffer.in("format", input(m, "format", hdl::UInt(accel::result_format_bits)));
      buffer.in("norm", input(m, "norm", hdl::Bool()));
    }
    buffer.in("restart", start);
    buffer.in("result", input(m, "result", accel::Results(s)));
    Instance writer(m, "writer", dense ? accel::build_dense_writer(d, s) : accel::build_map_writer(d, s));
    writer.in("start", start);
    writer.in("address", input(m, "address", hdl::UInt(s.address_bits())));
    if (dense) {
      writer.in("stride", input(m, "stride", hdl::UInt(32)));
      writer.in("row_beats", input(m, "row_beats", hdl::UInt(accel::WriteRequest::longest(s))));
      writer.in("last_panel", input(m, "last_panel", hdl::Bool()));
      writer.in("tail", input(m, "tail", hdl::UInt(accel::tail_bits(s))));
    } else {
      writer.in_stream("block", hdl::input_stream(m, "block", accel::Block(s)));
    }
    writer.in_stream("finished", hdl::input_stream(m, "finished", hdl::UInt(s.rows_bits())));
    buffer.in_stream("read", writer.out_stream("read", accel::ResultRead(s)));
    hdl::output_stream(m, "request", writer.out_stream("request", accel::WriteRequest(s)));
    // With an epilogue the results of a dense job are words.
    const bool words = dense && s.has_epilogue();
    if (words) hdl::output_stream(m, "beat", buffer.out_stream("word", hdl::UInt(accel::result_word_bits(s))));
    else hdl::output_stream(m, "beat", buffer.out_stream("beat", hdl::UInt(s.data_bits())));
    if (s.has_epilogue()) {
      auto other =
          buffer.out_stream(words ? "beat" : "word", hdl::UInt(words ? s.data_bits() : accel::result_word_bits(s)));
      hdl::output(m, "other_comes", other.valid);
      hdl::discard(other.data);
      other.ready.drive(true);
    }
    hdl::output(m, "freed", writer.out("freed", hdl::Bool()));
  });
}

using Row = std::vector<std::int64_t>;

/// Gives the results of groups of rows as the array does: a tile of a row a cycle, a group when there is
/// room for it, and then says that it is complete.
class Source {
 public:
  Source(StreamBench& bench, const accel::Shapes& s, StreamBench::Options options)
      : bench_(bench), s_(s), random_(options.seed + 3), stall_(options.stall_percent) {
    bench.interpreter().set("result_valid", 0);
  }
  /// Of a run: groups of rows of `outputs` outputs.
  void begin(std::vector<std::vector<Row>> groups, int outputs) {
    groups_ = std::move(groups), tiles_ = divide_up(outputs, s_.config.gemm.columns);
    group_ = freed_ = 0, tile_ = row_ = 0;
  }
  void cycle(interp::Interpreter& sim) {
    freed_ += sim.get("freed") != 0;
    CHECK(freed_ <= group_);
    const bool give = group_ < groups_.size() && group_ - freed_ < static_cast<std::size_t>(s_.result_groups()) &&
                      !random_.chance(stall_);
    sim.set("result_valid", give);
    const int width = s_.config.gemm.columns;
    for (int i = 0; i < width; ++i) {
      const auto output = static_cast<std::size_t>(tile_ * width + i);
      const Row* row = give ? &groups_[group_][row_] : nullptr;
      // What fills the last tile may be anything.
      const auto value = row != nullptr && output < row->size() ? (*row)[output] : random_.number(s_.result_bits());
      sim.set(fmt::format("result_value_{}", i), static_cast<std::uint64_t>(value) & hdl::mask(s_.result_bits()));
    }
    const auto number = group_ % static_cast<std::size_t>(s_.result_groups());
    sim.set("result_slot", give ? number << s_.row_bits() | row_ : 0);
    sim.set("result_tile", give ? static_cast<unsigned>(tile_) : 0);
    if (!give) return;
    const auto rows = groups_[group_].size();
    if (++row_ < rows) return;
    row_ = 0;
    if (++tile_ < tiles_) return;
    tile_ = 0, ++group_;
    bench_.push("finished", {static_cast<std::int64_t>(rows)});
  }
  std::size_t freed() const { return freed_; }

 private:
  StreamBench& bench_;
  const accel::Shapes& s_;
  Random random_;
  int stall_;
  std::vector<std::vector<Row>> groups_;
  std::size_t group_ = 0, freed_ = 0, row_ = 0;
  int tiles_ = 0, tile_ = 0;
};

Row random_row(const accel::Shapes& s, int outputs, Random& random) {
  Row row;
  for (int i = 0; i < outputs; ++i) row.push_back(random.number(s.result_bits()));
  return row;
}

}  // namespace

TEST_CASE("result_buffer, map_writer: whole lines, zeros for what is padded or outside") {
  for_all("map_writer", [](const Config& config, StreamBench::Options options) {
    const Block block(
        config, [](hdl::Design & d, const accel::Shapes& s) -> auto& { return build_results(d, s, false); });
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    const auto& s = block.s;
    Random random(options.seed);
    const int heads = config.attention.heads, depth = config.attention.head_dim(), bits = config.numerics.feature_bits,
              beat = config.memory.data_bits / 8, channels = config.attention.embed_dim;
    const auto rows = static_cast<std::size_t>(config.gemm.rows);
    sim.set("start", 0);
    if (config.network.epilogue != 0) sim.set("format", 2), sim.set("norm", 1);  // of no meaning to the map
    Source source(bench, s, options);
    bench.on_cycle([&](auto& now) {
      source.cycle(now);
      if (config.network.epilogue != 0) CHECK(now.get("other_comes") == 0);
    });
    for (int run = 0; run < 3; ++run) {
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 4096;
      sim.set("address", base);
      source.begin({}, channels);
      pulse(bench, "start");
      std::vector<std::vector<Row>> groups;
      std::vector<std::vector<std::uint64_t>> requests, beats;
      const int live_percent = run == 0 ? 100 : static_cast<int>(random.in(0, 100));
      bool open = false;  // the last group takes further rows
      const int blocks = static_cast<int>(random.in(1, 24));
      for (int b = 0; b < blocks; ++b) {
        Words transfer(8);  // live of each pixel, slot of each
        std::vector<Row> pixels(4);
        std::int64_t waits = 0, frees = 0;
        for (std::size_t p = 0; p < 4; ++p) {
          const bool live = random.chance(live_percent);
          std::int64_t slot = random.in(0, (1 << s.result_slot_bits()) - 1);  // of no meaning if it is not live
          if (live) {
            if (!open) groups.emplace_back(), open = true, ++waits;
            slot = static_cast<std::int64_t>((groups.size() - 1) % static_cast<std::size_t>(s.result_groups())
                                             << s.row_bits()) |
                   static_cast<std::int64_t>(groups.back().size());
            pixels[p] = random_row(s, channels, random);
            groups.back().push_back(pixels[p]);
            if (groups.back().size() == rows) open = false, ++frees;
          }
          transfer[p] = live, transfer[4 + p] = slot;
        }
        if (open && (b + 1 == blocks || random.chance(20))) open = false, ++frees;  // closed early
        transfer.push_back(waits), transfer.push_back(frees);
        bench.push("block", transfer);
        const int in_line = block_beats(config), in_block = heads * in_line;
        requests.push_back(
            {base + static_cast<std::uint64_t>(b * in_block * beat), static_cast<std::uint64_t>(in_block)});
        for (int h = 0; h < heads; ++h) {
          BitVector line;
          for (const Row& pixel : pixels)
            for (int c = h * depth; c < (h + 1) * depth; ++c)
              line.add(pixel.empty() ? 0 : model::saturate(pixel[static_cast<std::size_t>(c)], bits),
                       8 * element_bytes(bits));
          add_words(beats, line, in_line, 8 * beat);
        }
      }
      const auto count = groups.size();
      source.begin(std::move(groups), channels);
      bench.forget("request"), bench.forget("beat");
      bench.expect("request", requests.size()), bench.expect("beat", beats.size());
      bench.run();
      CHECK(bench.received("request") == requests);
      CHECK(bench.received("beat") == beats);
      CHECK(source.freed() == count);
    }
  });
}

TEST_CASE("result_buffer, dense_writer: rows of a panel, ReLU, zeros behind the last output") {
  for_all("dense_writer", [](const Config& config, StreamBench::Options options) {
    const Block block(
        config, [](hdl::Design & d, const accel::Shapes& s) -> auto& { return build_results(d, s, true); });
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    const auto& s = block.s;
    Random random(options.seed);
    const auto& n = config.numerics;
    const bool epilogue = config.network.epilogue != 0;
    const int beat = config.memory.data_bits / 8, of_memory = element_bytes(result_width(config)),
              in_beat = beat / of_memory, room = epilogue ? s.result_element_bits() : 8 * of_memory;
    const auto rows = static_cast<std::size_t>(config.gemm.rows);
    sim.set("start", 0);
    Source source(bench, s, options);
    bench.on_cycle([&](auto& now) {
      source.cycle(now);
      if (config.network.epilogue != 0) CHECK(now.get("other_comes") == 0);
    });
    for (int run = 0; run < 6; ++run) {
      const bool last = random.chance(60), relu = random.chance(50);
      // A panel that is not the last is whole beats.
      const int panel = most_panel_tiles(config) * config.gemm.columns,
                aligned = aligned_tiles(config) * config.gemm.columns,
                outputs = static_cast<int>(last ? random.in(1, panel) : random.in(1, panel / aligned) * aligned),
                beats_of_row = divide_up(outputs, in_beat),
                stride = (beats_of_row + static_cast<int>(random.in(0, 20))) * beat;
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("address", base), sim.set("stride", static_cast<unsigned>(stride));
      sim.set("row_beats", static_cast<unsigned>(beats_of_row)), sim.set("last_panel", last);
      // Of other panels it speaks of the last one, and says nothing.
      sim.set("tail", static_cast<unsigned>(last ? outputs % in_beat : random.in(0, in_beat - 1)));
      sim.set("relu", relu);
      int bits = n.output_bits;
      if (epilogue) {  // the format is of no meaning where there is a norm
        const int formats[] = {n.output_bits, n.query_bits, s.stream_bits()}, format = run % 3;
        const bool norm = run >= 3;
        sim.set("format", static_cast<unsigned>(format)), sim.set("norm", norm);
        bits = norm ? s.stream_bits() + 2 : formats[format];
      }
      source.begin({}, outputs);
      pulse(bench, "start");
      std::vector<std::vector<Row>> groups;
      std::vector<std::vector<std::uint64_t>> requests, beats;
      for (int left = static_cast<int>(random.in(1, 7 * config.gemm.rows)), r = 0; left > 0; --left, ++r) {
        if (groups.empty() || groups.back().size() == rows) groups.emplace_back();
        groups.back().push_back(random_row(s, outputs, random));
        requests.push_back({base + static_cast<std::uint64_t>(r * stride), static_cast<std::uint64_t>(beats_of_row)});
        BitVector row;
        for (const auto value : groups.back().back()) {
          const auto saturated = model::saturate(value, bits);
          row.add(relu ? std::max<std::int64_t>(saturated, 0) : saturated, room);
        }
        add_words(beats, row, beats_of_row, in_beat * room);
      }
      const auto count = groups.size();
      source.begin(std::move(groups), outputs);
      bench.forget("request"), bench.forget("beat");
      bench.expect("request", requests.size()), bench.expect("beat", beats.size());
      bench.run();
      CHECK(bench.received("request") == requests);
      CHECK(bench.received("beat") == beats);
      CHECK(source.freed() == count);
    }
  });
}
