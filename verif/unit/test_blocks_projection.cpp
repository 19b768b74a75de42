// Blocks of a lane that multiply: interpolation, and the projection of the heads.
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("interpolate: N7") {
  for_all("interpolate", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_interpolate);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto& a = config.attention;
    const auto table = model::exp2_table(n);
    std::vector<std::vector<std::int64_t>> wanted;
    std::vector<bool> ends;
    for (int head = 0; head < 60; ++head) {
      const auto samples = static_cast<std::size_t>(a.samples_per_head());
      std::vector<std::int32_t> logits, attention(samples);
      for (std::size_t i = 0; i < samples; ++i)
        logits.push_back(static_cast<std::int32_t>(random.number(n.logit_bits())));
      model::softmax_row(logits, table, n, attention);
      std::vector<std::int64_t> sums(static_cast<std::size_t>(a.head_dim()));
      const bool lowest = random.chance(20);  // all pixels at the end of their range
      const bool end = random.chance(40);
      for (std::size_t i = 0; i < samples; ++i) {
        const auto one = std::int64_t{1} << n.interp_frac_bits;
        const auto w = model::corner_weights(attention[i], static_cast<std::int32_t>(random.in(0, one - 1)),
                                             static_cast<std::int32_t>(random.in(0, one - 1)), {2, 2}, n);
        Words in;
        for (int p = 0; p < 4; ++p) {
          BitVector pixel;
          for (auto& sum : sums) {
            const auto value = lowest ? -(std::int64_t{1} << (n.feature_bits - 1)) : random.number(n.feature_bits);
            pixel.add(value, n.feature_bits);
            sum += value * w[static_cast<std::size_t>(p)];
          }
          for (const auto word : pixel.transfer()) in.push_back(word);
        }
        in.insert(in.end(), w.begin(), w.end());
        const bool last = i + 1 == samples;
        in.push_back(last), in.push_back(last ? end : random.chance(50));
        bench.push("sample", in);
      }
      wanted.push_back(sums), ends.push_back(end);
    }
    bench.expect("head", wanted.size());
    bench.run();
    for (std::size_t h = 0; h < wanted.size(); ++h) {
      const auto& got = bench.received("head")[h];
      for (int c = 0; c < a.head_dim(); ++c)
        REQUIRE(signed_field(got, c * block.s.head_acc_bits(), block.s.head_acc_bits()) ==
                wanted[h][static_cast<std::size_t>(c)]);
      REQUIRE(got.back() == ends[h]);
    }
  });
}

TEST_CASE("head_requantise: N8") {
  for_all("head_requantise", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_head_requantise);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto& a = config.attention;
    const int units = head_requant_units(config), acc_bits = block.s.head_acc_bits();
    bench.interpreter().set("table_enable", 0), bench.interpreter().set("table_bank", 0);
    std::vector<model::Requant> table;
    for (int w = 0; w < a.embed_dim / units; ++w) {
      BitVector word;
      for (int u = 0; u < units; ++u) {
        table.push_back(random.requant(acc_bits, n.head_bits, false));
        word.add(table.back(), false);
      }
      write_table(bench, "table", 0, w, word);
    }
    std::vector<std::vector<std::uint64_t>> wanted;
    for (int head = 0; head < 12 * a.heads; ++head) {
      const int m = head % a.heads;
      BitVector in, out;
      for (int c = 0; c < a.head_dim(); ++c) {
        const auto acc = random.number(acc_bits);
        in.add(acc, acc_bits);
        out.add(model::requantise(acc, table[static_cast<std::size_t>(m * a.head_dim() + c)], n.head_bits),
                n.head_bits);
      }
      auto transfer = in.transfer();
      transfer.push_back(m + 1 == a.heads);
      bench.push("head", transfer);
      wanted.push_back(out.words());
      wanted.back().push_back(m + 1 == a.heads);
    }
    bench.expect("vector", wanted.size());
    bench.run();
    for (std::size_t h = 0; h < wanted.size(); ++h) REQUIRE(bench.received("vector")[h] == wanted[h]);
  });
}

TEST_CASE("head_projection: N9") {
  for_all("head_projection", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_head_projection);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto& a = config.attention;
    const int columns = config.core.projection_columns, groups = divide_up(a.embed_dim, columns);
    bench.interpreter().set("weights_enable", 0);
    const int acc_bits = block.s.output_acc_bits();
    const auto outputs = static_cast<std::size_t>(columns * groups);
    // Row c of W'' has the weights of output c; outputs beyond C exist in the last group and are not compared.
    std::vector<std::vector<std::int32_t>> weight(outputs);
    for (std::size_t c = 0; c < outputs; ++c) {
      const int bank = static_cast<int>(c) % columns, group = static_cast<int>(c) / columns;
      for (int m = 0; m < a.heads; ++m) {
        BitVector word;
        for (int d = 0; d < a.head_dim(); ++d) {
          weight[c].push_back(static_cast<std::int32_t>(random.number(n.output_weight_bits)));
          word.add(weight[c].back(), n.output_weight_bits);
        }
        write_table(bench, "weights", bank, m * groups + group, word);
      }
    }
    std::vector<std::vector<std::int32_t>> queries;
    for (int q = 0; q < 20; ++q) {
      std::vector<std::int32_t> heads;
      for (int m = 0; m < a.heads; ++m) {
        BitVector vector;
        for (int d = 0; d < a.head_dim(); ++d) {
          heads.push_back(static_cast<std::int32_t>(random.number(n.head_bits)));
          vector.add(heads.back(), n.head_bits);
        }
        auto transfer = vector.transfer();
        transfer.push_back(m + 1 == a.heads);
        bench.push("vector", transfer);
      }
      queries.push_back(heads);
    }
    bench.expect("sums", queries.size() * static_cast<std::size_t>(groups));
    const auto cycles = bench.run();
    for (std::size_t q = 0; q < queries.size(); ++q)
      for (int c = 0; c < a.embed_dim; ++c) {
        const auto at = static_cast<std::size_t>(c);
        const auto& got =
            bench.received("sums")[q * static_cast<std::size_t>(groups) + at / static_cast<std::size_t>(columns)];
        REQUIRE(signed_field(got, c % columns * acc_bits, acc_bits) == model::dot(queries[q], weight[at]));
      }
    // A group of columns a cycle when nothing stalls.
    if (options.stall_percent == 0) CHECK(cycles < queries.size() * static_cast<std::size_t>(a.heads * groups) + 12);
  });
}

// With an epilogue in the format of what is added to the stream, where that is said.
TEST_CASE("output_requantise: N9 over the lanes, N10") {
  for_all("output_requantise", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_output_requantise);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const int columns = config.core.projection_columns, groups = divide_up(config.attention.embed_dim, columns),
              lanes = config.core.lanes(), bits = block.s.lane().output_acc_bits();
    bench.interpreter().set("table_enable", 0);
    std::vector<model::Requant> table;
    for (int output = 0; output < groups * columns; ++output) {
      table.push_back(random.requant(bits + 1, block.s.projected_bits(), true));
      write_table(bench, "table", output % columns, output / columns, BitVector().add(table.back(), true));
    }
    std::vector<BitVector> wanted;
    const bool norm = config.network.epilogue != 0 && options.seed % 2 != 0;
    if (config.network.epilogue != 0) bench.interpreter().set("norm", norm);
    const int format = norm ? block.s.branch_bits() : n.output_bits;
    for (int i = 0; i < 12 * groups; ++i) {
      const bool lowest = random.chance(10);
      std::vector<std::int64_t> total(static_cast<std::size_t>(columns));
      for (int lane = 0; lane < lanes; ++lane) {
        BitVector share;
        for (auto& sum : total) {
          const auto value = lowest ? -(std::int64_t{1} << (bits - 1)) : random.number(bits);
          share.add(value, bits);
          sum += value;
        }
        bench.push(fmt::format("sums_{}", lane), share.transfer());
      }
      BitVector out;
      for (int c = 0; c < columns; ++c)
        out.add(model::requantise(total[static_cast<std::size_t>(c)],
                                  table[static_cast<std::size_t>(i % groups * columns + c)], format),
                block.s.projected_bits());
      wanted.push_back(out);
    }
    bench.expect("output", wanted.size());
    bench.run();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      auto got = bench.received("output")[i];
      REQUIRE(got.back() == (static_cast<int>(i) % groups == groups - 1));
      got.pop_back();
      REQUIRE(got == wanted[i].words());
    }
  });
}
