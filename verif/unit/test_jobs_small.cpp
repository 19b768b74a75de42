// Jobs that go wrong, on the generated RTL of small, as far as nano does not show it: widths and depths of real size.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <quillgen_regs.h>

#include <filesystem>

#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/session.hpp"
#include "reference/quantise.hpp"

using namespace quillgen;
using namespace quillgen::harness;

TEST_CASE("writes held up for long, a failed read, an abort, each followed by a clean job") {
  const auto config = load_preset("small");
  const TemporaryFolder folder{std::filesystem::temp_directory_path()};
  const auto rtl = folder.path() / "rtl";
  generate(config, rtl);
  const auto manifest = load_manifest(rtl);
  const SimulatorLibrary library(build_simulator(rtl, manifest).library);
  const auto workload = load_workload(fmt::format("{}/tiny_detr_dec0.safetensors", EXAMPLES));
  const auto layer = quantise(workload, run_reference(workload), config);
  const auto stages = model::run(layer);
  const Job clean{layer, stages, nullptr, std::nullopt, std::nullopt, nullptr};
  Session session(library, manifest, config, {5, 0, 20});

  auto held_up = clean;
  held_up.meanwhile = [](std::uint64_t cycle, Bench& bench) { return bench.memory().set_full(cycle < 8000), false; };
  const auto result = session.run(held_up);
  CHECK(result.first_mismatch() == "");
  CHECK(result.counters.wait_output > 1000);

  auto failing = clean;
  failing.read_fault = AxiFault{5, axi_slverr};
  CHECK(session.run(failing).error_code == QUILLGEN_ERROR_READ_CODE);
  CHECK(session.run(clean).first_mismatch() == "");

  auto aborted = clean;
  aborted.meanwhile = [](std::uint64_t cycle, Bench& bench) {
    if (cycle == 4000) bench.write_register(QUILLGEN_CONTROL, QUILLGEN_CONTROL_ABORT_MASK);
    return false;
  };
  CHECK(session.run(aborted).error_code == QUILLGEN_ERROR_ABORTED_CODE);
  CHECK(session.run(clean).first_mismatch() == "");
}
