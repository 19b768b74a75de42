// The whole accelerator on the interpreter, driven by the harness: every stage equal to the model, and every job as
// long as on the Verilated RTL under the same conditions.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/session.hpp"
#include "reference/quantise.hpp"
#include "reference/random_dense.hpp"
#include "unit/interpreter_device.hpp"

using namespace quillgen;
using namespace quillgen::harness;

TEST_CASE("interpreter, Verilator and model agree on nano") {
  const Config config = load_preset("nano");
  hdl::Design design;
  const accel::Shapes shapes(config);
  const auto& top = accel::build_top(design, shapes, top_name);
  const auto interpreted = test::interpreter_library(top, config);
  const auto interpreted_manifest = test::interpreter_manifest(top, config);

  const TemporaryFolder folder{std::filesystem::temp_directory_path()};
  const auto rtl = folder.path() / "rtl";
  generate(config, rtl);
  const auto manifest = load_manifest(rtl);
  const SimulatorLibrary verilated(build_simulator(rtl, manifest).library);

  const auto workload = load_workload(fmt::format("{}/official_test_shapes.safetensors", EXAMPLES));
  const auto layer = quantise(workload, run_reference(workload), config);
  const auto stages = model::run(layer);
  const auto dense_layer = random_dense(config.numerics, {7, 13, 41}, true, 5);
  const auto product = model::run_dense(dense_layer);
  const std::vector<Job> jobs = {{AttentionWork{layer, stages}},
                                 {DenseWork{dense_layer, product}},
                                 {AttentionWork{layer, stages, true}},
                                 {AttentionWork{layer, stages}}};

  std::int64_t elements = 0;
  std::uint64_t cycles = 0;
  for (const Conditions& conditions :
       {Conditions{1, 0, 1}, Conditions{2, 0, 40}, Conditions{3, 30, 20}, Conditions{4, 60, 5}}) {
    INFO(
        fmt::format("seed {}, stalls {} %, latency {}", conditions.seed, conditions.stall_percent, conditions.latency));
    Session here(interpreted, interpreted_manifest, config, conditions);
    Session there(verilated, manifest, config, conditions);
    for (const auto& job : jobs) {  // each starts on what the one before has left
      const auto a = here.run(job), b = there.run(job);
      CHECK(a.first_mismatch() == "");
      CHECK(b.first_mismatch() == "");
      CHECK(a.cycles == b.cycles);
      for (const auto& counter : counter_names) {
        CAPTURE(counter.name);
        CHECK(a.counters.*counter.field == b.counters.*counter.field);
      }
      CHECK(a.total_bytes == b.total_bytes);
      for (const auto& stage : a.stages) elements += stage.compared;
      cycles += a.cycles;
    }
  }
  MESSAGE(fmt::format("{} elements in {} cycles", elements, cycles));
  CHECK(elements > 0);
}
