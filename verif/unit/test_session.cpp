// The driver and everything it checks, on a stand-in for the accelerator that breaks one rule at a time.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "config/error.hpp"
#include "config/load.hpp"
#include "fake_device.hpp"
#include "harness/session.hpp"

using namespace quillgen;
using namespace quillgen::harness;
using quillgen::test::Mischief;

namespace {

/// Jobs with made-up results; their output rows have padding, their lines too.
struct Made {
  Config config =
      load_preset("small", std::vector<std::string>{"attention.embed_dim=56", "gemm.columns=14", "memory.data_bits=256",
                                                    "feature_cache.ways=2", "order.bucket_bits=0", "order.window=1",
                                                    "order.distance_units=1"});
  model::QuantisedLayer layer, masked;
  model::Stages stages;
  model::DenseLayer dense_layer;
  std::vector<std::int32_t> product;

  Made() {
    const auto& a = config.attention;
    const std::size_t C = a.embed_dim, N = a.samples_per_query(), queries = 6;
    Chance chance(1);
    const auto fill = [&](std::size_t count, int bits = 12) {
      std::vector<std::int32_t> tensor(count);
      for (auto& x : tensor) x = static_cast<std::int32_t>(chance.below(std::uint64_t{1} << bits)) - (1 << (bits - 1));
      return tensor;
    };
    layer.attention = a;
    layer.numerics = config.numerics;
    layer.queries = queries;
    layer.levels.assign(a.levels, {5, 4});
    layer.query = fill(queries * C);
    layer.reference = fill(queries * a.levels * 2);
    layer.source = fill(layer.tokens() * C, 8);
    layer.value_weight = fill(C * C, 8);
    layer.offset_weight = fill(N * 2 * C);
    layer.logit_weight = fill(N * C);
    layer.output_weight = fill(C * C, 8);
    layer.value_requant.resize(C);
    layer.offset_requant.resize(N * 2);
    layer.logit_requant.resize(N);
    layer.head_requant.resize(C);
    layer.output_requant.resize(C);
    stages.value = fill(layer.tokens() * C, 8);
    stages.offset = fill(queries * N * 2);
    stages.logit = fill(queries * N);
    stages.attention = fill(queries * N);
    stages.location = fill(queries * N * 2);
    stages.corner_weight = fill(queries * N * 4);
    stages.head = fill(queries * C);
    stages.output = fill(queries * C);
    stages.line_lookups = {1000, 1000, 1000};
    masked = layer;
    for (int token = 0; token < layer.tokens(); ++token) masked.padding.push_back(token % 3 == 0);
    dense_layer = {config.numerics, 5, 20, 37, fill(5 * 20), fill(37 * 20), std::vector<model::Requant>(37), {}};
    product = fill(5 * 37);
  }
  Made(const Made&) = delete;

  Work whole() const { return AttentionWork{layer, stages}; }
  Work given() const { return AttentionWork{layer, stages, true}; }
  Work with_mask() const { return AttentionWork{masked, stages}; }
  Work dense() const { return DenseWork{dense_layer, product}; }

  Session session(Mischief mischief, const Work& work, const harness::Conditions& conditions) const {
    test::fake_job = {config, &work, mischief};
    return Session(SimulatorLibrary(test::fake_interface), test::fake_manifest(config), config, conditions);
  }
  JobResult run(Mischief mischief, const Work& work, const harness::Conditions& conditions = {}) const {
    return session(mischief, work, conditions).run({work});
  }
};

std::vector<std::string> names(const JobResult& result) {
  std::vector<std::string> all;
  for (const auto& stage : result.stages) all.push_back(stage.name);
  return all;
}

}  // namespace

TEST_CASE("a device that keeps the rules is bit-exact under every condition, job after job") {
  const Made made;
  int jobs = 0;
  for (const auto& work : {made.whole(), made.given(), made.with_mask(), made.dense()})
    for (const int stall : {0, 25, 60})
      for (const int latency : {1, 10, 200}) {
        auto session = made.session(Mischief::None, work, {static_cast<std::uint64_t>(latency), stall, latency});
        for (int i = 0; i < 2; ++i, ++jobs) {
          std::int64_t done = 0;
          const bool dense = std::holds_alternative<DenseWork>(work);
          Job job{work};
          job.progress = [&](std::int64_t queries) { done = queries; };
          const auto result = session.run(job);
          CAPTURE(work.index());
          CAPTURE(result.first_mismatch());
          CHECK(result.bit_exact());
          CHECK(result.mismatches() == 0);
          CHECK(result.first_mismatch().empty());
          CHECK(done == (dense ? 0 : 6));
          CHECK(result.counters.samples == (dense ? 0 : 6 * 64));
          CHECK(result.feature_bytes == (dense ? 0 : 64));
        }
      }
  MESSAGE(fmt::format("{} jobs compared", jobs));
}

TEST_CASE("the stages that a job has are compared, and no others") {
  const Made made;
  const std::vector<std::string> core = {"order",         "logit", "attention", "offset", "location",
                                         "corner_weight", "head",  "output",    "memory"};
  auto whole = core;
  whole.insert(whole.begin(), "value");
  CHECK(names(made.run(Mischief::None, made.whole())) == whole);
  CHECK(names(made.run(Mischief::None, made.given())) == core);
  const auto dense = made.run(Mischief::None, made.dense());
  CHECK(names(dense) == std::vector<std::string>{"memory"});
  CHECK(dense.stages[0].compared == 5 * 37);
}

TEST_CASE("the same conditions give the same run") {
  const Made made;
  const auto cycles = [&](std::uint64_t seed) { return made.run(Mischief::None, made.whole(), {seed, 40, 20}).cycles; };
  CHECK(cycles(5) == cycles(5));
  CHECK(cycles(5) != cycles(6));
}

TEST_CASE("more bursts open than there is room for are noticed") {
  const Made made;
  const auto result = made.run(Mischief::TooManyReadsOpen, made.whole(), {1, 0, 200});  // a memory slow to answer
  CHECK(result.first_mismatch().find(" bursts of rows are open, 64 at most should be") != std::string::npos);
  CHECK(!result.bit_exact());
}

TEST_CASE("each broken rule is noticed and named") {
  const Made made;
  struct Broken {
    Mischief mischief;
    std::string text;
    Work work;
  };
  std::vector<Broken> cases;
  const auto add = [&](const Work& work, const std::vector<std::pair<Mischief, std::string>>& broken) {
    for (const auto& [mischief, text] : broken) cases.push_back({mischief, text, work});
  };
  add(made.whole(),
      {
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
          {Mischief::WrongValue, "value: token 7, head 1, channel 2: expected "},
          {Mischief::LineTwice, "value map, block 3, byte 0: written 2 times"},
          {Mischief::LineNotWritten, "value: token 0, head 3, channel 0: expected "},
          {Mischief::LinePaddingNotZero, "value map, block 1, byte 63: padding or a pixel outside of its level"},
          {Mischief::PixelOutsideNotZero, "value map, block 16, byte 42: padding or a pixel outside of its level"},
          {Mischief::ReadBeforeWritten, "reads what was not written in value map"},
          {Mischief::ReadBeforeResponse, "reads before the last write was answered in value map"},
          {Mischief::SourceRowTwice, "counter BYTES_SOURCE: expected 5120, got 5152"},
          {Mischief::WrongValueBytes, "counter BYTES_OUTPUT + BYTES_VALUE: expected "},
          {Mischief::GemmCausesDoNotSum, "what the causes of the PE array add up to: expected "},
          {Mischief::WrongSteps, "counter GEMM_BUSY - GEMM_PROJECT: expected 420, got 421"},
          {Mischief::WrongValueSteps, "counter GEMM_PROJECT: expected 1512, got 1568"},
      });
  add(made.given(), {
                        {Mischief::WriteToGivenMap, "not allowed in value map"},
                        {Mischief::ReadWithWrongId, "not allowed in value map"},
                        {Mischief::WrongTap, "attention: query 1, head 0, level 0, point 2, weight: expected "},
                    });
  add(made.with_mask(), {
                            {Mischief::SourceRowTwice, "counter BYTES_SOURCE: expected 3392, got 3424"},
                            {Mischief::WrongValue, "value: token 7, head 1, channel 2: expected "},
                        });
  add(made.dense(), {
                        {Mischief::WrongOutputInMemory, "memory: row 0, output 3: expected "},
                        {Mischief::RowNotWritten, "memory: row 2, output 0: expected "},
                        {Mischief::RowWrittenTwice, "output row 1, byte 0: written 2 times"},
                        {Mischief::PaddingNotZero, "output row 0, byte 74: padding that is not zero"},
                        {Mischief::TapInDenseJob, "head: query 0, head 0, channel 0: expected nothing, got 5"},
                        {Mischief::SampleInDenseJob, "counter SAMPLES: expected 0, got 1"},
                        {Mischief::WrongSteps, "counter GEMM_BUSY: expected "},
                        {Mischief::WriteToInput, "not allowed in input rows"},
                    });
  for (const auto& [mischief, text, work] : cases)
    for (const int stall : {0, 30}) {
      // STATUS is polled now and then: responses that are due must be so for longer.
      const int latency = mischief == Mischief::EndsBeforeResponses ? 300 : 30;
      const auto result = made.run(mischief, work, {1, stall, latency});
      CAPTURE(text);
      CAPTURE(result.first_mismatch());
      CHECK(!result.bit_exact());
      CHECK(result.first_mismatch().find(text) != std::string::npos);
    }
  MESSAGE(fmt::format("{} broken rules noticed", cases.size()));
}

TEST_CASE("a tampered descriptor reaches the device") {
  const Made made;
  const auto work = made.given();
  auto session = made.session(Mischief::None, work, {});
  Job job{work};
  job.tamper = [](Descriptor& d) { d[3] = 5; };
  const auto result = session.run(job);
  CHECK(result.stages[2].mismatches == 64);  // attention of the query left out
  CHECK(!result.untouched);
}

TEST_CASE("a manifest that does not fit the design is refused") {
  const Made made;
  const auto work = made.whole();
  test::fake_job = {made.config, &work, Mischief::None};
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
