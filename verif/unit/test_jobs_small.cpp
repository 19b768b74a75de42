// Jobs that go wrong, and the largest, on the generated RTL of small, as far as nano does not show it: widths and
// depths of real size.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <cmath>
#include <filesystem>

#include "accel/generate.hpp"
#include "config/derived.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/session.hpp"
#include "job_cases.hpp"
#include "reference/quantise.hpp"
#include "reference/random_dense.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// A layer and what the model says about it.
struct Layer {
  model::QuantisedLayer layer;
  model::Stages stages;
  Layer(const Workload& workload, const Config& config)
      : layer(quantise(workload, run_reference(workload), config)), stages(model::run(layer)) {}
  Job job() const { return {AttentionWork{layer, stages}}; }
  Job given_map() const { return {AttentionWork{layer, stages, true}}; }
};

/// The workload of every test, with a mask.
Workload masked_workload() {
  auto workload = load_workload(fmt::format("{}/tiny_detr_dec0.safetensors", EXAMPLES));
  for (int token = 0; token < workload.tokens; ++token) workload.padding.push_back(token % 7 == 3);
  return workload;
}

/// The simulator of small, one small layer, and a dense layer of several panels, made once.
struct Small {
  Config config = load_preset("small");
  TemporaryFolder folder{std::filesystem::temp_directory_path()};
  Manifest manifest;
  std::optional<SimulatorLibrary> library;
  Workload workload = masked_workload();
  Layer layer{workload, config};
  model::DenseLayer dense_layer =
      random_dense(config.numerics, {9, 200, 2 * most_panel_tiles(config) * config.gemm.columns + 5}, true, 3);
  std::vector<std::int32_t> product = model::run_dense(dense_layer);

  Small() {
    const auto rtl = folder.path() / "rtl";
    generate(config, rtl);
    manifest = load_manifest(rtl);
    library.emplace(build_simulator(rtl, manifest).library);
  }
  Job job() const { return layer.job(); }
  Job dense() const { return {DenseWork{dense_layer, product}}; }
};

const Small& small() {
  static const Small made;
  return made;
}

/// Has the driver stop the job in the given cycle, by quillgen_abort or quillgen_soft_reset.
Job stopped_at(Job job, std::uint64_t moment, void (*stop)(const quillgen_device*)) {
  job.meanwhile = [=](std::uint64_t cycle, Bench& bench) {
    if (cycle == moment) stop(&bench.device());
    return cycle == moment && stop == quillgen_soft_reset;
  };
  return job;
}

}  // namespace

TEST_CASE("writes held up for long, failures in mid job, each followed by a clean job") {
  Session session(*small().library, small().manifest, small().config, {5, 0, 20});

  auto held_up = small().layer.given_map();
  held_up.meanwhile = [](std::uint64_t cycle, Bench& bench) { return bench.memory().set_full(cycle < 8000), false; };
  const auto result = session.run(held_up);
  CHECK(result.first_mismatch() == "");
  CHECK(result.counters.wait_output > 1000);

  auto read_fails = small().job(), write_fails = small().job(), silent = small().job();
  read_fails.read_fault = AxiFault{5, axi_slverr};
  write_fails.write_fault = AxiFault{2, axi_decerr};
  silent.meanwhile = [](std::uint64_t cycle, Bench& bench) {
    if (cycle == 3000) quillgen_set_timeout(&bench.device(), 300), bench.memory().set_silent(true);
    return false;
  };
  for (const auto& [job, error] : {std::pair(read_fails, QUILLGEN_ERROR_READ_CODE),
                                   {write_fails, QUILLGEN_ERROR_WRITE_CODE},
                                   {silent, QUILLGEN_ERROR_TIMEOUT_CODE},
                                   {stopped_at(small().dense(), 2000, quillgen_abort), QUILLGEN_ERROR_ABORTED_CODE},
                                   {stopped_at(small().job(), 1500, quillgen_abort), QUILLGEN_ERROR_ABORTED_CODE},
                                   {stopped_at(small().job(), 8500, quillgen_abort), QUILLGEN_ERROR_ABORTED_CODE},
                                   {stopped_at(small().job(), 4000, quillgen_soft_reset), 0U}}) {
    const auto failed = session.run(job);
    CAPTURE(error);
    CHECK(failed.hang == "");
    CHECK(failed.error_code == error);
    CHECK(failed.fault_count == 0);
    REQUIRE(session.run(small().job()).first_mismatch() == "");
    REQUIRE(session.run(small().dense()).first_mismatch() == "");
  }
}

TEST_CASE("descriptors that are refused") {
  Session session(*small().library, small().manifest, small().config, {3, 0, 20});
  auto layers = refused_layers(small().config);
  auto& tokens = layers.emplace_back(Case{"too many tokens", QUILLGEN_ERROR_TOKENS_CODE, 16});
  tokens.tamper = [](Descriptor& d) { std::fill_n(d.begin() + 16, 4, 0x00800080); };
  auto dense = refused_dense(small().config);
  // A panel of several that takes more than half of the memory of weights.
  const auto half = weight_words(small().config) / 2 / gemm_steps(small().config, 200);
  const auto too_large =
      static_cast<std::uint32_t>((half / aligned_tiles(small().config) + 1) * aligned_tiles(small().config));
  if (too_large <= static_cast<std::uint32_t>(most_panel_tiles(small().config)))
    dense.push_back(refused("half a memory", QUILLGEN_ERROR_DENSE_CODE, 17,
                            [=](std::uint32_t tiles) { return (tiles & 0xFFFF0000) | too_large; }));
  for (const auto& [job, cases] : {std::pair(small().job(), layers), {small().dense(), dense}})
    for (const auto& c : cases) {
      auto tampered = job;
      tampered.tamper = c.tamper;
      const auto result = session.run(tampered);
      CAPTURE(c.name);
      REQUIRE(result.hang == "");
      CHECK(result.error_code == c.error);
      CHECK(result.error_detail == static_cast<std::uint32_t>(c.word));
      CHECK(result.fault_count == 0);
      CHECK(result.untouched);
    }
  CHECK(session.run(small().job()).first_mismatch() == "");
  CHECK(session.run(small().dense()).first_mismatch() == "");
}

TEST_CASE(
    "levels of the largest sides and as many tokens as there may be; a list of as many queries as there may be, "
    "aborted, and one of many") {
  auto workload = small().workload;
  workload.level_shapes = {{32, 256}, {256, 24}, {5, 256}, {256, 3}};
  workload.tokens = 0;
  for (const auto& level : workload.level_shapes) workload.tokens += level.height * level.width;
  CHECK(workload.tokens == small().config.attention.max_tokens);
  workload.padding.clear();
  for (int token = 0; token < workload.tokens; ++token) workload.padding.push_back(token % 11 == 5);
  workload.source.clear();
  while (workload.source.size() < static_cast<std::size_t>(workload.tokens) * workload.embed_dim)
    workload.source.push_back(small().workload.source[workload.source.size() % small().workload.source.size()]);
  for (std::size_t i = 0; i < workload.reference_points.size(); i += 12)  // some look beyond the map
    --workload.reference_points[i], --workload.reference_points[i + 1];
  const Layer large(workload, small().config);
  Session session(*small().library, small().manifest, small().config, {9, 0, 20});
  CHECK(session.run(large.job()).first_mismatch() == "");

  const auto of_queries = [](int count) {
    auto w = small().workload;
    w.queries = count;
    const auto repeat = [](std::vector<double>& rows, int length) {
      const auto once = rows.size();
      while (rows.size() < static_cast<std::size_t>(length)) rows.push_back(rows[rows.size() - once]);
    };
    repeat(w.query, count * w.embed_dim);
    repeat(w.reference_points, count * w.levels * 4);
    for (std::size_t i = 0; i < w.reference_points.size(); i += 4) {  // all over the map: some are passed over for long
      const auto query = static_cast<double>(i / static_cast<std::size_t>(4 * w.levels));
      w.reference_points[i] = std::fmod(0.618034 * query, 1),
      w.reference_points[i + 1] = std::fmod(0.754878 * query, 1);
    }
    for (int i = 0; i < count; ++i) w.index_list.push_back(i * 7 % count);
    return w;
  };
  const Layer most(of_queries(small().config.attention.max_queries), small().config);
  CHECK(session.run(stopped_at(most.job(), 3000, quillgen_abort)).error_code == QUILLGEN_ERROR_ABORTED_CODE);
  const Layer many(of_queries(2100), small().config);  // more than order.starvation_bound
  CHECK(session.run(many.job()).first_mismatch() == "");
  CHECK(session.run(small().job()).first_mismatch() == "");
}

TEST_CASE("index lists of all lengths, and each with an entry that names no row") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    Session session(*small().library, small().manifest, small().config, {seed, 20, 20});
    for (const int entries : {1, 30, 45, 130}) {
      CAPTURE(entries);
      auto workload = small().workload;
      for (int i = 1; i <= entries; ++i) workload.index_list.push_back(workload.queries - 1 - i * 7 % workload.queries);
      workload.index_list.back() = workload.queries - 1;
      const Layer listed(workload, small().config);
      auto no_row = listed.job();
      no_row.tamper = [](Descriptor& d) { --d[29]; };
      const auto result = session.run(no_row);
      CHECK(result.error_code == QUILLGEN_ERROR_LIST_CODE);
      CHECK(result.hang == "");
      CHECK(result.fault_count == 0);
      CHECK(session.run(listed.job()).first_mismatch() == "");
    }
  }
}

TEST_CASE("two jobs wait behind the one in work; a third is refused; a snapshot is consistent") {
  check_queue(*small().library, small().manifest, small().config, small().job());
}

TEST_CASE("registers keep all bits; enabled interrupts reach the pin") {
  check_registers(*small().library, small().manifest, small().config);
}
