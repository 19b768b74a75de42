// The driver and everything it checks, on a stand-in for the accelerator that breaks one rule at a time.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/error.hpp"
#include "config/load.hpp"
#include "fake_device.hpp"
#include "harness/session.hpp"

using namespace quillgen;
using namespace quillgen::harness;
using quillgen::test::Mischief;

namespace {

/// A job with made-up results; its output rows have padding.
struct Made {
  Config config = load_preset(
      "small", std::vector<std::string>{"attention.embed_dim=56", "memory.data_bits=256", "feature_cache.ways=2"});
  model::QuantisedLayer layer;
  model::Stages stages;

  Made() {
    const auto& a = config.attention;
    const std::size_t C = a.embed_dim, N = a.samples_per_query(), queries = 6;
    Chance chance(1);
    const auto fill = [&](std::size_t count) {
      std::vector<std::int32_t> tensor(count);
      for (auto& x : tensor) x = static_cast<std::int32_t>(chance.below(4096)) - 2048;
      return tensor;
    };
    layer.attention = a;
    layer.numerics = config.numerics;
    layer.queries = queries;
    layer.levels.assign(a.levels, {5, 4});
    layer.query = fill(queries * C);
    layer.reference = fill(queries * a.levels * 2);
    layer.offset_weight = fill(N * 2 * C);
    layer.logit_weight = fill(N * C);
    layer.output_weight = fill(C * C);
    layer.offset_requant.resize(N * 2);
    layer.logit_requant.resize(N);
    layer.head_requant.resize(C);
    layer.output_requant.resize(C);
    stages.value = fill(layer.tokens() * C);
    stages.offset = fill(queries * N * 2);
    stages.logit = fill(queries * N);
    stages.attention = fill(queries * N);
    stages.location = fill(queries * N * 2);
    stages.corner_weight = fill(queries * N * 4);
    stages.head = fill(queries * C);
    stages.output = fill(queries * C);
    stages.line_lookups = 1000;
  }

  Session session(Mischief mischief, const Conditions& conditions) const {
    test::fake_job = {config, &layer, &stages, mischief};
    return Session(SimulatorLibrary(test::fake_interface), test::fake_manifest(config), config, conditions);
  }
  Job job() const { return {layer, stages, nullptr, std::nullopt, std::nullopt, nullptr}; }
  JobResult run(Mischief mischief, const Conditions& conditions = {}) const {
    return session(mischief, conditions).run(job());
  }
};

}  // namespace

TEST_CASE("a device that keeps the rules is bit-exact under every condition, job after job") {
  const Made made;
  int jobs = 0;
  for (const int stall : {0, 25, 60})
    for (const int latency : {1, 10, 200})
      for (const std::uint64_t seed : {1, 2, 3}) {
        auto session = made.session(Mischief::None, {seed, stall, latency});
        for (int i = 0; i < 2; ++i, ++jobs) {
          std::int64_t done = 0;
          auto job = made.job();
          job.progress = [&](std::int64_t queries) { done = queries; };
          const auto result = session.run(job);
          CAPTURE(result.first_mismatch());
          CHECK(result.bit_exact());
          CHECK(result.mismatches() == 0);
          CHECK(result.first_mismatch().empty());
          CHECK(done == 6);
          CHECK(result.counters.samples == 6 * 64);
          CHECK(result.feature_bytes == 64);
          CHECK(result.stages.size() == 7);
        }
      }
  MESSAGE(fmt::format("{} jobs compared", jobs));
}

TEST_CASE("the same conditions give the same run") {
  const Made made;
  const auto cycles = [&](std::uint64_t seed) { return made.run(Mischief::None, {seed, 40, 20}).cycles; };
  CHECK(cycles(5) == cycles(5));
  CHECK(cycles(5) != cycles(6));
}

TEST_CASE("each broken rule is noticed and named") {
  const Made made;
  const std::vector<std::pair<Mischief, std::string>> cases = {
      {Mischief::WrongIdRegister, "register ID: expected 0x5155494c, got 0x00000001"},
      {Mischief::WrongJobId, "register JOB_ID: expected "},
      {Mischief::HangBeforeOutput, "hang: nothing has moved since cycle "},
      {Mischief::DeafHost, "hang: a read of register 0x000 is not answered"},
      {Mischief::WrongTap, "attention: query 1, head 0, level 0, point 2, weight: expected "},
      {Mischief::MissingTap, "location: query 5, head 3, level 3, point 3, x: expected "},
      {Mischief::TapAfterEnd, "a tap fires outside of a job"},
      {Mischief::WrongOutputInMemory, "memory: query 0, channel 3: expected "},
      {Mischief::RowWrittenTwice, "output row 1, byte 0: written 2 times"},
      {Mischief::RowNotWritten, "memory: query 2, channel 0: expected "},
      {Mischief::WriteBetweenRows, "is in output rows but outside its rows"},
      {Mischief::WriteBeyondRows, "outside of the allocated memory"},
      {Mischief::WriteToInput, "not allowed in query rows"},
      {Mischief::PaddingNotZero, "output row 0, byte 112: padding that is not zero"},
      {Mischief::CausesDoNotSum, "counter CYCLES, what its causes add up to: expected "},
      {Mischief::WrongCycles, "counter CYCLES: "},
      {Mischief::WrongByteCount, "counter BYTES_FEATURE: expected 64, got 80"},
      {Mischief::WrongLookups, "counter LINE_HITS + LINE_MISSES: expected 1000, got 1001"},
      {Mischief::ReadOutside, "outside of the allocated memory"},
      {Mischief::ReadWithWrongId, "not allowed in value map"},
      {Mischief::EndsBeforeResponses, "the memory still has bursts to answer"},
      {Mischief::ErrorCode, "the job ended with error code 3"},
      {Mischief::Stops, "the design stopped itself"},
  };
  for (const auto& [mischief, text] : cases)
    for (const int stall : {0, 30}) {
      const auto result = made.run(mischief, {1, stall, 30});
      CAPTURE(text);
      CAPTURE(result.first_mismatch());
      CHECK(!result.bit_exact());
      CHECK(result.first_mismatch().find(text) != std::string::npos);
    }
  MESSAGE(fmt::format("{} broken rules noticed", cases.size()));
}

TEST_CASE("a tampered descriptor reaches the device") {
  const Made made;
  auto session = made.session(Mischief::None, {});
  auto job = made.job();
  job.tamper = [](Descriptor& d) { d[3] = 5; };
  const auto result = session.run(job);
  CHECK(result.stages[1].mismatches == 64);  // attention of the query left out
  CHECK(!result.output_untouched);
}

TEST_CASE("a manifest that does not fit the design is refused") {
  const Made made;
  test::fake_job = {made.config, &made.layer, &made.stages, Mischief::None};
  const auto refused = [&](const auto& edit) {
    auto manifest = test::fake_manifest(made.config);
    edit(manifest);
    CHECK_THROWS_AS(Session(SimulatorLibrary(test::fake_interface), manifest, made.config, {}), UserError);
  };
  refused([](Manifest& m) { m.taps.pop_back(); });
  refused([](Manifest& m) { m.taps[2].fields.pop_back(); });
  refused([](Manifest& m) { m.taps[2].fields[0].width = 9; });
  refused([](Manifest& m) { m.taps[2].fields[0].net = "gone"; });
}
