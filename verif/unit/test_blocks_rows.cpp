// Rows on their way from memory into the PE array, and rows of outputs on their way to it.
#include "accel/array/gemm.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

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
    bench.on_cycle([&](auto&) { memory.cycle(); });
    for (int run = 0; run < 4; ++run) {
      const bool tokens = run % 2 != 0;
      const int bits = tokens ? config.numerics.feature_bits : config.numerics.query_bits,
                element = element_bytes(bits),
                inner = static_cast<int>(tokens ? config.attention.embed_dim : random.in(1, block.s.longest_row())),
                words = divide_up(inner, word_elements), beats = row_beats(inner, bits, config.memory),
                stride = (beats + static_cast<int>(random.in(0, 3))) * beat,
                count = static_cast<int>(random.in(1, 6 * rows));
      const auto base = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      sim.set("tokens_run", tokens), sim.set("dense_run", !tokens),
          sim.set("rows", static_cast<unsigned>(tokens ? random.in(1, 60) : count));
      sim.set("address", base), sim.set("stride", static_cast<unsigned>(stride));
      sim.set("row_beats", static_cast<unsigned>(beats)), sim.set("last_word", static_cast<unsigned>(words - 1));
      sim.set("row_tail", static_cast<unsigned>(inner % word_elements));
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
          const auto wanted =
              k < inner ? stored_element(row.address + static_cast<std::uint64_t>(k * element), bits) : 0;
          REQUIRE(signed_field(word, k % word_elements * operand, operand) == wanted);
          REQUIRE((word.back() != 0) == row.last_of_group);
        }
      REQUIRE(memory.asked == memory.sent);
    }
  });
}

TEST_CASE("output_rows: groups of outputs in beats, an address a row") {
  for_all("output_rows", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_output_rows);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int channels = config.attention.embed_dim, bits = config.numerics.output_bits,
              columns = config.core.projection_columns, groups = divide_up(channels, columns),
              beat = config.memory.data_bits / 8, beats = output_row_beats(config);
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
            if (group * columns + c < beats * beat / element_bytes(bits)) row.add(value, 8 * element_bytes(bits));
          }
          auto transfer = word.transfer();
          transfer.push_back(group + 1 == groups);
          bench.push("output", transfer);
        }
        auto words = row.words();
        words.resize(static_cast<std::size_t>(beats * beat / 8));  // padded with zeros
        for (int b = 0; b < beats; ++b)
          data.emplace_back(words.begin() + b * beat / 8, words.begin() + (b + 1) * beat / 8);
      }
      bench.forget("request"), bench.forget("beat");
      bench.expect("request", requests.size()), bench.expect("beat", data.size());
      bench.run();
      CHECK(bench.received("request") == requests);
      CHECK(bench.received("beat") == data);
    }
  });
}
