// Blocks that multiply: the projections of the query and of the heads, and the interpolation between them.
#include <map>

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
    const int units = head_requant_units(a), acc_bits = block.s.head_acc_bits();
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

TEST_CASE("output_requantise: N9 over the lanes, N10") {
  for_all("output_requantise", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_output_requantise);
    StreamBench bench(block.module, options);
    Random random(options.seed);
    const auto& n = config.numerics;
    const int columns = config.core.projection_columns, groups = divide_up(config.attention.embed_dim, columns),
              lanes = config.core.lanes, bits = block.s.lane().output_acc_bits();
    bench.interpreter().set("table_enable", 0);
    std::vector<model::Requant> table;
    for (int output = 0; output < groups * columns; ++output) {
      table.push_back(random.requant(bits + 1, n.output_bits, true));
      write_table(bench, "table", output % columns, output / columns, BitVector().add(table.back(), true));
    }
    std::vector<BitVector> wanted;
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
                                  table[static_cast<std::size_t>(i % groups * columns + c)], n.output_bits),
                n.output_bits);
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

TEST_CASE("query_projection: N3") {
  for_all("query_projection", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_query_projection);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const auto& n = config.numerics;
    const auto& a = config.attention;
    const auto& g = config.gemm;
    const int steps = divide_up(a.embed_dim, g.depth), per_tile = g.columns / 3, samples = a.samples_per_query();
    const int lanes = config.core.lanes, of_lane = samples / lanes;
    // Samples take turns between the lanes in the array.
    const auto sample_at = [&](int place) { return place % lanes * of_lane + place / lanes; };
    for (const auto* port : {"weights_enable", "table_enable", "table_bank", "freed", "start"}) sim.set(port, 0);
    // Rows of weights: offset x, offset y, logit of each sample.
    std::vector<std::vector<std::int32_t>> weight(static_cast<std::size_t>(3 * samples));
    std::vector<model::Requant> table;
    const auto width = [&](int row) { return row % 3 == 2 ? n.logit_bits() : n.offset_bits(); };
    for (int row = 0; row < 3 * samples; ++row) {
      for (int k = 0; k < a.embed_dim; ++k)
        weight[static_cast<std::size_t>(row)].push_back(static_cast<std::int32_t>(random.number(n.query_weight_bits)));
      table.push_back(random.requant(n.query_bits + n.query_weight_bits + 1, width(row), true));
    }
    for (int tile = 0; tile < divide_up(samples, per_tile); ++tile)
      for (int step = 0; step < steps; ++step)
        for (int column = 0; column < g.columns; ++column) {
          const int place = tile * per_tile + column / 3;
          const int row = place < samples ? 3 * sample_at(place) + column % 3 : 3 * samples;
          BitVector word;
          for (int i = 0; i < g.depth; ++i) {
            const int k = step * g.depth + i;
            word.add(row < 3 * samples && k < a.embed_dim
                         ? weight[static_cast<std::size_t>(row)][static_cast<std::size_t>(k)]
                         : 0,
                     n.query_weight_bits);
          }
          write_table(bench, "weights", column, tile * steps + step, word);
        }
    for (int i = 0; i < samples; ++i) {
      BitVector word;
      for (int part = 0; part < 3; ++part) word.add(table[static_cast<std::size_t>(3 * i + part)], true);
      write_table(bench, "table", i / of_lane, i % of_lane, word);
    }

    std::map<std::pair<int, int>, Words> buffer;  // what was written, by slot and sample
    const int row_slots = block.s.slots() / accel::group_buffers;
    int freed = 0, to_free = 0;
    bench.on_cycle([&](auto& now) {
      const bool free = to_free > 0 && random.chance(1);
      now.set("freed", free);
      if (free)
        std::erase_if(buffer, [&](const auto& e) { return e.first.first / row_slots == freed % accel::group_buffers; });
      to_free -= free, freed += free;
      if (now.get("sample_valid") == 0) return;
      for (int lane = 0; lane < lanes; ++lane) {
        const auto value = [&](const char* name) { return now.get_signed(fmt::format("{}_{}", name, lane)); };
        const std::pair at(static_cast<int>(now.get("sample_slot")),
                           lane * of_lane + static_cast<int>(now.get("sample_number")));
        CHECK(!buffer.contains(at));  // nothing is overwritten before it is freed
        buffer[at] = {value("offset_x"), value("offset_y"), value("logit")};
      }
    });
    for (int job = 0, group = 0; job < 2; ++job) {
      const int queries = static_cast<int>(random.in(1, 5 * g.rows));
      sim.set("queries", static_cast<unsigned>(queries)), sim.set("start", 1);
      bench.run_cycles(1);
      sim.set("start", 0);
      std::vector<std::vector<std::int32_t>> query;
      for (int q = 0; q < queries; ++q) {
        auto& row = query.emplace_back();
        for (int step = 0; step < steps; ++step) {
          BitVector word;
          for (int i = 0; i < g.depth; ++i) {
            const auto value = random.number(n.query_bits);  // beyond C anything: its weight is 0
            word.add(value, n.query_bits);
            if (step * g.depth + i < a.embed_dim) row.push_back(static_cast<std::int32_t>(value));
          }
          bench.push("word", word.transfer());
        }
      }
      for (int first = 0; first < queries; first += g.rows, ++group) {
        const int rows = std::min(g.rows, queries - first);
        const auto before = bench.received("projected").size();
        for (int limit = 0; bench.received("projected").size() == before && limit < 20000; ++limit) bench.run_cycles(1);
        REQUIRE(bench.received("projected").size() == before + 1);
        CHECK(bench.received("projected").back().front() == static_cast<unsigned>(rows));
        for (int r = 0; r < rows; ++r)
          for (int i = 0; i < samples; ++i) {
            const std::pair at(group % accel::group_buffers * row_slots + r, i);
            REQUIRE(buffer.contains(at));
            for (int part = 0; part < 3; ++part) {
              const auto row = static_cast<std::size_t>(3 * i + part);
              REQUIRE(buffer[at][static_cast<std::size_t>(part)] ==
                      model::requantise(model::dot(query[static_cast<std::size_t>(first + r)], weight[row]), table[row],
                                        width(3 * i + part)));
            }
          }
        ++to_free;
      }
      while (to_free > 0) bench.run_cycles(1);
      bench.run_cycles(50);
      CHECK(buffer.empty());
    }
  });
}
