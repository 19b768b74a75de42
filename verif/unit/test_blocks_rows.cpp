// Rows on their way from memory into the PE array, and rows of outputs on their way to it.
#include "accel/array/gemm.hpp"
#include "accel/epilogue/epilogue.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

// With an epilogue rows may be of the stream: operands are formed from them, with positions or without.
TEST_CASE("row_fetch: rows in words of the row memories, groups marked") {
  for_all("row_fetch", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_row_fetch);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int beat = config.memory.data_bits / 8, word_elements = row_word(config), rows = config.gemm.rows,
              operand = block.s.operand_bits();
    sim.set("start", 0);
    ReadMemory memory(bench, "burst", config.memory.data_bits, options);
    const bool epilogue = config.network.epilogue != 0;
    std::optional<ReadMemory> positions;
    if (epilogue)
      positions.emplace(bench, "position_burst", config.memory.data_bits, options, "data", "position_valid");
    bench.on_cycle([&](auto&) {
      if (!positions) memory.cycle();
      else if (random.chance(50)) memory.cycle(positions->cycle());
      else positions->cycle(memory.cycle());
    });
    for (int run = 0; run < (epilogue ? 16 : 4); ++run) {
      const bool tokens = run % 2 != 0, formed = epilogue && random.chance(70),
                 with_position = formed && random.chance(60);
      const int to = tokens ? config.numerics.feature_bits : config.numerics.query_bits,
                bits = formed ? config.network.stream_bits : to, width = formed ? result_width(config) : to,
                element = element_bytes(width),
                inner = static_cast<int>(tokens ? config.attention.embed_dim : random.in(1, block.s.longest_row())),
                words = divide_up(inner, word_elements), beats = row_beats(inner, width, config.memory),
                stride = (beats + static_cast<int>(random.in(0, 3))) * beat,
                count = static_cast<int>(random.in(1, 6 * rows));
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("tokens_run", tokens), sim.set("dense_run", !tokens),
          sim.set("rows", static_cast<unsigned>(tokens ? random.in(1, 60) : count));
      sim.set("address", base), sim.set("stride", static_cast<unsigned>(stride));
      sim.set("row_beats", static_cast<unsigned>(beats)), sim.set("last_word", static_cast<unsigned>(words - 1));
      sim.set("row_tail", static_cast<unsigned>(inner % word_elements));
      const auto scale = random.requant(bits + 1, to, false);
      const auto distance = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      if (epilogue) {
        sim.set("formed", formed);
        sim.set("with_position", with_position || (!formed && random.chance(50)));  // of no meaning to operands
        sim.set("position_address", base + distance);
        sim.set("scale_mult", scale.mult), sim.set("scale_shift", scale.shift);
      }
      pulse(bench, "start");
      struct Row {
        std::uint64_t address;
        bool last_of_group;
      };
      std::vector<Row> list;
      for (int r = 0; r < count; ++r) {
        if (tokens) {
          list.push_back({static_cast<std::uint64_t>(random.in(0, 1 << 20) * 64), random.chance(40)});
          bench.push("given", {static_cast<std::int64_t>(list.back().address), list.back().last_of_group});
        } else {
          list.push_back({base + static_cast<std::uint64_t>(r * stride), r % rows == rows - 1 || r + 1 == count});
        }
      }
      bench.forget("word");
      collect(bench, "word", static_cast<std::size_t>(count * words));
      for (int r = 0; r < count; ++r)
        for (int k = 0; k < words * word_elements; ++k) {
          const auto& row = list[static_cast<std::size_t>(r)];
          const auto& word = bench.received("word")[static_cast<std::size_t>(r * words + k / word_elements)];
          // What memory has behind the row goes nowhere.
          const auto at = row.address + static_cast<std::uint64_t>(k * element);
          std::int64_t wanted = k < inner ? stored_element(at, bits) : 0;
          if (k < inner && with_position) wanted += stored_element(at + distance, bits);
          if (k < inner && formed) wanted = model::requantise(wanted, scale, to);
          REQUIRE(signed_field(word, k % word_elements * operand, operand) == wanted);
          REQUIRE((word.back() != 0) == row.last_of_group);
        }
      REQUIRE(memory.asked == memory.sent);
      if (positions) REQUIRE(positions->asked == positions->sent);
    }
  });
}

// With an epilogue they are words, of as many elements as a beat has.
TEST_CASE("output_rows: groups of outputs in beats, an address a row") {
  for_all("output_rows", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_output_rows);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const bool epilogue = config.network.epilogue != 0;
    const int channels = config.attention.embed_dim, bits = block.s.projected_bits(),
              room = epilogue ? block.s.result_element_bits() : 8 * element_bytes(bits),
              of_memory = element_bytes(result_width(config)), columns = config.core.projection_columns,
              groups = divide_up(channels, columns), beat = config.memory.data_bits / 8,
              beats = output_row_beats(config);
    sim.set("start", 0);
    for (int job = 0; job < 3; ++job) {
      const int count = static_cast<int>(random.in(1, 20)), stride = (beats + static_cast<int>(random.in(0, 3))) * beat;
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("address", base), sim.set("stride", static_cast<unsigned>(stride));
      pulse(bench, "start");
      std::vector<std::vector<std::uint64_t>> requests, data;
      for (int i = 0; i < count; ++i) {
        const auto query = random.in(0, config.attention.max_queries - 1);
        bench.push("query", {query});
        requests.push_back({base + static_cast<std::uint64_t>(query * stride), static_cast<std::uint64_t>(beats)});
        BitVector row;
        for (int group = 0; group < groups; ++group) {
          BitVector word;
          for (int c = 0; c < columns; ++c) {
            const auto value = group * columns + c < channels ? random.number(bits) : 0;  // zero beyond the row
            word.add(value, bits);
            if (group * columns + c < beats * beat / of_memory) row.add(value, room);
          }
          auto transfer = word.transfer();
          transfer.push_back(group + 1 == groups);
          bench.push("output", transfer);
        }
        add_words(data, row, beats, beat / of_memory * room);
      }
      const char* const output = epilogue ? "word" : "beat";
      bench.forget("request"), bench.forget(output);
      bench.expect("request", requests.size()), bench.expect(output, data.size());
      bench.run();
      CHECK(bench.received("request") == requests);
      CHECK(bench.received(output) == data);
    }
  });
}
