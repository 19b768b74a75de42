// Jobs that go wrong, and the largest, on the generated RTL of small, as far as nano does not show it: widths and
// depths of real size.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <quillgen_regs.h>

#include <filesystem>

#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/session.hpp"
#include "job_cases.hpp"
#include "reference/quantise.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// A layer and what the model says about it.
struct Layer {
  model::QuantisedLayer layer;
  model::Stages stages;
  Layer(const Workload& workload, const Config& config)
      : layer(quantise(workload, run_reference(workload), config)), stages(model::run(layer)) {}
  Job job() const { return {layer, stages, nullptr, std::nullopt, std::nullopt, nullptr}; }
};

/// The simulator of small and one small layer, made once.
struct Small {
  Config config = load_preset("small");
  TemporaryFolder folder{std::filesystem::temp_directory_path()};
  Manifest manifest;
  std::optional<SimulatorLibrary> library;
  Workload workload = load_workload(fmt::format("{}/tiny_detr_dec0.safetensors", EXAMPLES));
  Layer layer{workload, config};

  Small() {
    const auto rtl = folder.path() / "rtl";
    generate(config, rtl);
    manifest = load_manifest(rtl);
    library.emplace(build_simulator(rtl, manifest).library);
  }
  Job job() const { return layer.job(); }
};

const Small& small() {
  static const Small made;
  return made;
}

/// Writes CONTROL in the given cycle of the job.
Job control_at(Job job, std::uint64_t moment, std::uint32_t bit) {
  job.meanwhile = [=](std::uint64_t cycle, Bench& bench) {
    if (cycle == moment) bench.write_register(QUILLGEN_CONTROL, bit);
    return cycle == moment && bit == QUILLGEN_CONTROL_SOFT_RESET_MASK;
  };
  return job;
}

}  // namespace

TEST_CASE("writes held up for long, failures in mid job, each followed by a clean job") {
  Session session(*small().library, small().manifest, small().config, {5, 0, 20});

  auto held_up = small().job();
  held_up.meanwhile = [](std::uint64_t cycle, Bench& bench) { return bench.memory().set_full(cycle < 8000), false; };
  const auto result = session.run(held_up);
  CHECK(result.first_mismatch() == "");
  CHECK(result.counters.wait_output > 1000);

  auto read_fails = small().job(), write_fails = small().job(), silent = small().job();
  read_fails.read_fault = AxiFault{5, axi_slverr};
  write_fails.write_fault = AxiFault{2, axi_decerr};
  silent.meanwhile = [](std::uint64_t cycle, Bench& bench) {
    if (cycle == 3000) bench.write_register(QUILLGEN_TIMEOUT, 300), bench.memory().set_silent(true);
    return false;
  };
  for (const auto& [job, error] :
       {std::pair(read_fails, QUILLGEN_ERROR_READ_CODE),
        {write_fails, QUILLGEN_ERROR_WRITE_CODE},
        {silent, QUILLGEN_ERROR_TIMEOUT_CODE},
        {control_at(small().job(), 4000, QUILLGEN_CONTROL_ABORT_MASK), QUILLGEN_ERROR_ABORTED_CODE},
        {control_at(small().job(), 4000, QUILLGEN_CONTROL_SOFT_RESET_MASK), 0U}}) {
    const auto failed = session.run(job);
    CAPTURE(error);
    CHECK(failed.hang == "");
    CHECK(failed.error_code == error);
    CHECK(failed.fault_count == 0);
    REQUIRE(session.run(small().job()).first_mismatch() == "");
  }
}

TEST_CASE("descriptors that are refused") {
  Session session(*small().library, small().manifest, small().config, {3, 0, 20});
  for (const auto& c : refused_descriptors(small().config.attention)) {
    auto job = small().job();
    job.tamper = c.tamper;
    const auto result = session.run(job);
    CAPTURE(c.name);
    REQUIRE(result.hang == "");
    CHECK(result.error_code == c.error);
    CHECK(result.fault_count == 0);
    CHECK(result.output_untouched);
  }
  CHECK(session.run(small().job()).first_mismatch() == "");
}

TEST_CASE("maps of the largest size; a job of as many queries as there may be, aborted") {
  auto workload = small().workload;
  workload.level_shapes = {{256, 256}, {253, 255}, {256, 3}, {5, 256}};
  workload.tokens = 0;
  for (const auto& level : workload.level_shapes) workload.tokens += level.height * level.width;
  workload.source.clear();
  while (workload.source.size() < static_cast<std::size_t>(workload.tokens) * workload.embed_dim)
    workload.source.push_back(small().workload.source[workload.source.size() % small().workload.source.size()]);
  for (std::size_t i = 0; i < workload.reference_points.size(); i += 12)  // some look beyond the map
    --workload.reference_points[i], --workload.reference_points[i + 1];
  const Layer large(workload, small().config);
  Session session(*small().library, small().manifest, small().config, {9, 0, 20});
  CHECK(session.run(large.job()).first_mismatch() == "");

  workload = small().workload;
  workload.queries = small().config.attention.max_queries;
  const auto repeat = [](std::vector<double>& rows, int count) {
    const auto once = rows.size();
    while (rows.size() < static_cast<std::size_t>(count)) rows.push_back(rows[rows.size() - once]);
  };
  repeat(workload.query, workload.queries * workload.embed_dim);
  repeat(workload.reference_points, workload.queries * workload.levels * 4);
  const Layer many(workload, small().config);
  CHECK(session.run(control_at(many.job(), 3000, QUILLGEN_CONTROL_ABORT_MASK)).error_code ==
        QUILLGEN_ERROR_ABORTED_CODE);
  CHECK(session.run(small().job()).first_mismatch() == "");
}

TEST_CASE("two jobs wait behind the one in work; a third is refused; a snapshot is consistent") {
  check_queue(*small().library, small().manifest, small().config, small().job());
}

TEST_CASE("registers keep all bits; enabled interrupts reach the pin") {
  check_registers(*small().library, small().manifest, small().config);
}
