// Programs of linked jobs on the generated RTL of preset detector: a clean one gives what the network gives, and one
// that is cut, misses a step of the host, or meets a bus error is told from it, by job.
// DETECTOR_RTL in the environment names a folder of RTL of that preset to take instead.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <cstdlib>
#include <filesystem>

#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/manifest.hpp"
#include "harness/session.hpp"
#include "model/program.hpp"
#include "network/quantise_network.hpp"
#include "reference/quantise.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// The simulator of preset detector, and a scene of the sparse detector as a program.
struct SparseScene {
  Config config = load_preset("detector");
  TemporaryFolder folder{std::filesystem::temp_directory_path()};
  Manifest manifest;
  std::optional<SimulatorLibrary> library;
  model::Program program;

  SparseScene() {
    const char* given = std::getenv("DETECTOR_RTL");
    const auto rtl = given ? std::filesystem::path(given) : folder.path() / "rtl";
    if (!given) generate(config, rtl);
    manifest = load_manifest(rtl);
    library.emplace(build_simulator(rtl, manifest).library);
    const std::string examples = EXAMPLES;
    const auto net = network::load_network(examples + "/tiny_sparse_detector.safetensors");
    const auto scales = network::read_scales(examples + "/tiny_sparse_detector.scales.json", net, config);
    const network::SceneFile scenes(examples + "/tiny_sparse_detector_scenes.safetensors", net);
    program =
        model::make_program(quantise(net, scales, config), config,
                            quantised(scenes.scene(1).source, scales.of("encoder.input"), config.network.stream_bits));
  }
  Session session() const { return {*library, manifest, config, Conditions{.seed = 5, .latency = 20}}; }
  std::size_t number(const std::string& job) const {
    for (std::size_t i = 0; i < program.jobs.size(); ++i)
      if (program.jobs[i].name == job) return i;
    FAIL(job);
    return 0;
  }
  void check_clean(const ProgramResult& r) const {
    CHECK(r.bit_exact());
    CHECK(r.first_mismatch() == "");
    CHECK(r.jobs.size() == program.jobs.size());
    CHECK(r.found.logits == program.detections.logits);
    CHECK(r.found.boxes == program.detections.boxes);
  }
};

const SparseScene& sparse_scene() {
  static const SparseScene made;
  return made;
}

/// Edits the descriptor of one job.
ProgramRun tampered(const std::string& job, const std::function<void(Descriptor&)>& edit) {
  ProgramRun run{sparse_scene().program};
  run.tamper = [number = sparse_scene().number(job), edit](std::size_t i, Descriptor& d) {
    if (i == number) edit(d);
  };
  return run;
}

}  // namespace

TEST_CASE("programs: two on one instance give what the network gives, with a step of the host where there is one") {
  const auto& s = sparse_scene();
  auto session = s.session();
  int steps = 0;
  for (const auto& job : s.program.jobs) steps += job.host_step != model::HostStep::none;
  for (int i = 0; i < 2; ++i) {
    const auto r = session.run(ProgramRun{s.program});
    s.check_clean(r);
    CHECK(r.host_steps == steps);
  }
}

TEST_CASE("programs: responses that come late; no row is read before its write was answered") {
  // 1,000 cycles, in which the next job would have its descriptor and read rows.
  const auto& s = sparse_scene();
  Session session{*s.library, s.manifest, s.config, Conditions{.seed = 6, .latency = 20, .response_latency = 1000}};
  s.check_clean(session.run(ProgramRun{s.program}));
}

TEST_CASE("programs: parameters that come late; no row is normalised before the table of its norm") {
  const auto& s = sparse_scene();
  const Conditions late{.seed = 7, .latency = 20, .parameter_latency = 1000, .interrupts = true};
  Session session{*s.library, s.manifest, s.config, late};
  s.check_clean(session.run(ProgramRun{s.program}));
}

TEST_CASE("programs: one that ends early is a mismatch, though its jobs are bit-exact") {
  const auto& s = sparse_scene();
  const auto at = s.number("encoder.0.ffn.output");
  const auto r = s.session().run(tampered("encoder.0.ffn.output", [](Descriptor& d) {
    d[QUILLGEN_DESCRIPTOR_WORD_LINK] = d[QUILLGEN_DESCRIPTOR_WORD_LINK + 1] = 0;
  }));
  CHECK(r.jobs.size() == at + 1);
  for (const auto& job : r.jobs) CHECK(job.mismatches() == 0);
  CHECK(r.error_code == 0);
  CHECK(r.mismatches() == 1);
  CHECK(r.first_mismatch() == fmt::format("the program ended after {} of {} jobs", at + 1, s.program.jobs.size()));
}

TEST_CASE("programs: a step that is left out shows in the job behind it") {
  const auto r = sparse_scene().session().run(tampered(
      "score", [](Descriptor& d) { d[QUILLGEN_DESCRIPTOR_WORD_FLAGS] &= ~QUILLGEN_DESCRIPTOR_FLAG_HOST_STEP; }));
  CHECK(!r.bit_exact());
  CAPTURE(r.first_mismatch());
  // The list is noise: an index is too large, or another row is computed.
  CHECK((r.failed_job == "encoder.0.norm1" || r.first_mismatch().starts_with("encoder.0.norm1: ")));
}

TEST_CASE("programs: a bus error ends the program, and its job is named; the next program is clean") {
  const auto& s = sparse_scene();
  auto session = s.session();
  ProgramRun run{s.program};
  run.write_fault = AxiFault{1500, axi_slverr};
  const auto r = session.run(run);
  CHECK(r.error_code != 0);
  CHECK(!r.bit_exact());
  CHECK(r.jobs.size() < s.program.jobs.size());
  CHECK(r.failed_job != "");
  CAPTURE(r.first_mismatch());
  CHECK(r.first_mismatch().find(r.failed_job) != std::string::npos);
  s.check_clean(session.run(ProgramRun{s.program}));
}
