// The parts of generator/lib and the row resizer, each alone on the interpreter.
#include <cmath>

#include "accel/array/row_resize.hpp"
#include "lib/divider.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"
#include "lib/sum_tree.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("requantise: N2 for all shifts, moving with enable") {
  int compared = 0;
  for (const int acc_bits : {9, 19, 28})
    for (const int out_bits : {8, 12})
      for (const bool with_bias : {false, true}) {
        hdl::Design d;
        interp::Interpreter sim(lib::build_requantise(d, acc_bits, out_bits, with_bias), 3);
        Random random(static_cast<std::uint64_t>(acc_bits + out_bits));
        std::deque<std::int64_t> in_flight;
        for (int i = 0; i < 3000; ++i) {
          auto r = random.requant(acc_bits, out_bits, with_bias);
          r.shift = static_cast<std::uint32_t>(i % 3 == 0 ? i / 3 % 47 + 1 : r.shift);
          const auto acc = random.number(acc_bits);
          const bool enable = random.chance(70);
          sim.set("enable", enable);
          sim.set("acc", static_cast<std::uint64_t>(acc) & hdl::mask(acc_bits));
          if (with_bias) sim.set("bias", static_cast<std::uint32_t>(r.bias));
          sim.set("mult", r.mult), sim.set("shift", r.shift);
          if (in_flight.size() == lib::requantise_latency) {
            REQUIRE(sim.get_signed("value") == in_flight.front());
            if (enable) in_flight.pop_front(), ++compared;
          }
          if (enable) in_flight.push_back(model::requantise(acc, r, out_bits));
          sim.step();
        }
      }
  MESSAGE(fmt::format("{} values", compared));
}

TEST_CASE("registered_sum_tree: exact sums, as late as sum_tree_stages says, moving with enable") {
  for (const int terms : {1, 2, 3, 5, 8, 13, 32})
    for (const int levels : {1, 2, 3, 8}) {
      CAPTURE(terms);
      CAPTURE(levels);
      constexpr int bits = 6;
      hdl::Design d;
      const auto& module = d.module("tree", [&](hdl::Module& m) {
        std::vector<hdl::SInt> list;
        for (int i = 0; i < terms; ++i) list.push_back(hdl::input(m, "term_" + std::to_string(i), hdl::SInt(bits)));
        auto enable = hdl::input(m, "enable", hdl::Bool());
        hdl::output(m, "sum", lib::registered_sum_tree(m, "total", list, levels, enable));
      });
      interp::Interpreter sim(module, 3);
      Random random(static_cast<std::uint64_t>(terms * 10 + levels));
      std::deque<std::int64_t> in_flight;
      for (int i = 0; i < 200; ++i) {
        std::int64_t sum = 0;
        for (int t = 0; t < terms; ++t) {
          const auto term = i % 5 == 0 ? -(1 << (bits - 1)) : random.number(bits);  // the lowest sum too
          sim.set("term_" + std::to_string(t), static_cast<std::uint64_t>(term) & hdl::mask(bits));
          sum += term;
        }
        const bool enable = random.chance(70);
        sim.set("enable", enable);
        in_flight.push_back(sum);  // what comes in
        if (static_cast<int>(in_flight.size()) > lib::sum_tree_stages(terms, levels)) {
          REQUIRE(sim.get_signed("sum") == in_flight.front());
          if (enable) in_flight.pop_front();
        }
        if (!enable) in_flight.pop_back();
        sim.step();
      }
    }
}

TEST_CASE("divide_round: the rounded quotient of N4") {
  for (const int bits : {4, 9, 14, 19})
    for (const int stall : {0, 30, 60}) {
      const int fraction = bits == 4 ? 2 : bits == 9 ? 8 : 12;
      hdl::Design d;
      StreamBench bench(lib::build_divide_round(d, bits, fraction, 5),
                        {.seed = static_cast<std::uint64_t>(bits), .stall_percent = stall});
      Random random(static_cast<std::uint64_t>(bits + stall));
      std::vector<std::vector<std::uint64_t>> wanted;
      const auto divide = [&](std::int64_t n, std::int64_t by) {
        const auto tag = random.in(0, 31);
        bench.push("in", {n, by, tag});
        wanted.push_back(
            {static_cast<std::uint64_t>(((2 * n << fraction) + by) / (2 * by)), static_cast<std::uint64_t>(tag)});
      };
      if (bits == 4)
        for (int by = 1; by < 16; ++by)
          for (int n = 0; n <= by; ++n) divide(n, by);
      for (int i = 0; i < 50; ++i) divide(random.in(0, 1 << (bits - 1)), 1 << (bits - 1));  // ties
      for (int i = 0; i < 500; ++i) {
        const auto by = i % 4 == 0 ? (1 << bits) - 1 - i / 4 % 8 : random.in(1, (1 << bits) - 1);
        divide(i % 5 == 0 ? by : i % 5 == 1 ? 0 : random.in(0, by), by);
      }
      bench.expect("out", wanted.size());
      bench.run();
      CHECK(bench.received("out") == wanted);
    }
}

TEST_CASE("fifo, sram_fifo: order, capacity and throughput") {
  for (const bool sram : {false, true})
    for (const int depth : {1, 2, 3, 4, 8, 16}) {
      if (sram && (depth & (depth - 1) || depth == 1)) continue;
      for (const int width : {1, 13, 64, 130})
        for (const int stall : {0, 30, 60}) {
          hdl::Design d;
          const auto& module = sram ? lib::build_sram_fifo(d, width, depth) : lib::build_fifo(d, width, depth);
          CAPTURE(module.name());
          StreamBench bench(module, {.seed = static_cast<std::uint64_t>(depth), .stall_percent = stall});
          Random random(static_cast<std::uint64_t>(width * 100 + stall));
          std::vector<std::vector<std::uint64_t>> wanted;
          for (int i = 0; i < 150; ++i) {
            BitVector word;
            for (int left = width; left > 0; left -= 64)
              word.add(static_cast<std::int64_t>(random.bits()), std::min(64, left));
            bench.push("in", word.transfer());
            wanted.push_back(word.words());
          }
          // Nothing is taken: so many go in.
          int taken = 0;
          bench.on_cycle([&](auto& sim) { taken += sim.get("in_valid") && sim.get("in_ready"); });
          bench.stall("out", 100);
          bench.run_cycles(200);
          CHECK(taken == depth + (sram ? 3 : 0));
          bench.stall("out", stall);
          bench.expect("out", wanted.size());
          const auto cycles = bench.run();
          CHECK(bench.received("out") == wanted);
          if (stall == 0 && depth > 1) CHECK(cycles <= wanted.size() + 4);
        }
    }
}

TEST_CASE("row_resize: rows of one width in words of another") {
  for (const auto& [in_bits, out_bits] :
       {std::pair{64, 16}, {64, 32}, {64, 8}, {128, 16}, {256, 128}, {16, 64}, {8, 32}, {8, 64}, {64, 128}, {32, 256}})
    for (const int stall : {0, 30, 60}) {
      constexpr int length_bits = 5;
      const bool narrows = in_bits > out_bits;
      const int ratio = narrows ? in_bits / out_bits : out_bits / in_bits;
      hdl::Design d;
      StreamBench bench(accel::build_row_resize(d, in_bits, out_bits, length_bits),
                        {.seed = 5, .stall_percent = stall});
      CAPTURE(bench.interpreter().top().name());
      bench.interpreter().set("restart", 0);
      Random random(static_cast<std::uint64_t>(in_bits + stall));
      const auto send = [&, in = in_bits](int words) {
        std::vector<int> bits;
        for (int w = 0; w < words; ++w) {
          BitVector word;
          for (int i = 0; i < in; ++i) bits.push_back(static_cast<int>(random.in(0, 1))), word.add(bits.back(), 1);
          bench.push("word_in", word.transfer());
        }
        return bits;
      };
      for (int round = 0; round < 6; ++round) {
        bench.forget("word_out");
        // The length is counted in the narrower words.
        const int narrow_words = round == 0 ? 1 : static_cast<int>(random.in(1, 1 << length_bits)),
                  wide_words = divide_up(narrow_words, ratio), in_words = narrows ? wide_words : narrow_words,
                  out_words = narrows ? narrow_words : wide_words;
        bench.interpreter().set("last_word", static_cast<unsigned>(narrow_words - 1));
        std::vector<std::vector<std::uint64_t>> wanted;
        for (int row = 0; row < 8; ++row) {
          const auto bits = send(in_words);
          for (int w = 0; w < out_words; ++w) {
            BitVector word;
            for (int i = 0; i < out_bits; ++i) {
              const auto at = static_cast<std::size_t>(w * out_bits + i);
              word.add(at < bits.size() ? bits[at] : 0, 1);
            }
            wanted.push_back(word.words());
          }
        }
        bench.expect("word_out", wanted.size());
        bench.run();
        CHECK(std::vector(bench.received("word_out").begin(), bench.received("word_out").end()) == wanted);
        // A row that was begun is forgotten: narrow words of a wide one are left by an output that is not ready.
        if (narrows || in_words == 1) continue;
        send(1);
        bench.run();
        bench.interpreter().set("restart", 1);
        bench.run_cycles(1);
        bench.interpreter().set("restart", 0);
      }
    }
}
