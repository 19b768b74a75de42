// Jobs that go wrong, on the generated RTL of nano: the error code, a silent bus afterwards, and a clean next job.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/files.hpp"
#include "harness/session.hpp"
#include "reference/quantise.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// The simulator of nano and one small layer, made once.
struct Nano {
  Config config = load_preset("nano");
  TemporaryFolder folder{std::filesystem::temp_directory_path()};
  Manifest manifest;
  std::optional<SimulatorLibrary> library;
  model::QuantisedLayer layer;
  model::Stages stages;

  Nano() {
    const auto rtl = folder.path() / "rtl";
    generate(config, rtl);
    manifest = load_manifest(rtl);
    library.emplace(build_simulator(rtl, manifest).library);
    const auto workload = load_workload(fmt::format("{}/official_test_shapes.safetensors", EXAMPLES));
    layer = quantise(workload, run_reference(workload), config);
    stages = model::run(layer);
  }
  Job job() const { return {layer, stages, nullptr, std::nullopt, std::nullopt, nullptr}; }
};

const Nano& nano() {
  static const Nano made;
  return made;
}

struct Case {
  std::string name;
  std::uint32_t error;
  std::function<void(Descriptor&)> tamper = nullptr;
  std::optional<AxiFault> read_fault = std::nullopt, write_fault = std::nullopt;
};

std::vector<Case> cases() {
  const auto set = [](int word, std::uint32_t value) { return [=](Descriptor& d) { d[word] = value; }; };
  const auto add = [](int word, std::uint32_t value) { return [=](Descriptor& d) { d[word] += value; }; };
  std::vector<Case> all = {
      {"version", 1, set(0, 0x00020001)},
      {"kind", 1, set(0, 0x00010002)},
      {"no query", 2, set(3, 0)},
      {"one query too many", 2, set(3, 65)},
      {"queries beyond 16 bits", 2, set(3, 0x10002)},
      {"width 0", 3, set(16, 0x00040000)},
      {"height 0", 3, set(17, 0x00000004)},
      {"width 17", 3, set(16, 0x00040011)},
      {"height 17", 3, set(17, 0x00110004)},
      {"query stride", 4, add(14, 4)},
      {"output stride", 4, add(15, 4)},
      {"query stride 0", 4, set(14, 0)},
      {"output stride 0", 4, set(15, 0)},
  };
  for (const int word : {4, 6, 8, 10, 12}) all.push_back({fmt::format("address in word {}", word), 4, add(word, 32)});
  for (const std::uint64_t burst : {0, 1, 2, 5, 9})
    for (const auto response : {axi_slverr, axi_decerr})
      all.push_back({fmt::format("read {} answered {}", burst, static_cast<int>(response)), 5, nullptr,
                     AxiFault{burst, response}});
  for (const std::uint64_t burst : {0, 1})
    all.push_back({fmt::format("write {} fails", burst), 6, nullptr, std::nullopt, AxiFault{burst, axi_slverr}});
  return all;
}

}  // namespace

TEST_CASE("every error ends its job with its code, and the next job runs clean") {
  int errors = 0;
  for (const int stall : {0, 40}) {
    Session session(*nano().library, nano().manifest, nano().config, {3, stall, 20});
    for (const auto& c : cases()) {
      auto job = nano().job();
      job.tamper = c.tamper, job.read_fault = c.read_fault, job.write_fault = c.write_fault;
      const auto result = session.run(job);
      CAPTURE(c.name);
      CAPTURE(stall);
      CHECK(result.hang == "");
      CHECK(result.error_code == c.error);
      for (const auto& fault : result.faults) MESSAGE(c.name << ": " << fault);
      CHECK(result.fault_count == 0);
      if (c.tamper) CHECK(result.output_untouched);
      if (!result.hang.empty()) return;  // the instance is of no more use
      const auto next = session.run(nano().job());
      CHECK(next.first_mismatch() == "");
      if (!next.hang.empty()) return;
      ++errors;
    }
  }
  MESSAGE(fmt::format("{} errors, each followed by a clean job", errors));
}

TEST_CASE("many jobs on one instance") {
  for (const int stall : {0, 25, 60}) {
    Session session(*nano().library, nano().manifest, nano().config, {7, stall, 30});
    for (int i = 0; i < 20; ++i) CHECK(session.run(nano().job()).first_mismatch() == "");
  }
}
