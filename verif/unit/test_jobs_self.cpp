// Jobs of self-attention on the interpreter: among jobs of other kinds, in trouble at any moment, and refused.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <random>

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/session.hpp"
#include "model/self_attention.hpp"
#include "reference/random_dense.hpp"
#include "unit/interpreter_device.hpp"

using namespace quillgen;
using namespace quillgen::harness;

namespace {

/// An accelerator, self-attention of many rows and of few, and a dense layer.
struct Device {
  Config config;
  hdl::Design design;
  accel::Shapes shapes;
  const hdl::Module& top;
  SimulatorLibrary library;
  Manifest manifest;
  std::mt19937_64 random{5};
  struct Rows {
    model::SelfAttention scales;
    std::vector<std::int32_t> query, key, value, output;
  } many, few;
  model::DenseLayer dense_layer;
  std::vector<std::int32_t> product;

  explicit Device(const std::vector<std::string>& overrides)
      : config(load_preset("nano", overrides)),
        shapes(config),
        top(accel::build_top(design, shapes, top_name)),
        library(test::interpreter_library(top, config)),
        manifest(test::interpreter_manifest(top, config)),
        many(rows(21)),
        few(rows(2)),
        dense_layer(random_dense(config.numerics, {7, 13, 41}, true, 5)),
        product(model::run_dense(dense_layer)) {}
  Rows rows(int count) {
    const int channels = config.attention.embed_dim, bits = config.numerics.query_bits;
    Rows r{{config.attention.heads, bits, 2 * bits - 8, 3}, {}, {}, {}, {}};
    for (auto* numbers : {&r.query, &r.key, &r.value})
      for (int i = 0; i < count * channels; ++i)
        numbers->push_back(static_cast<std::int32_t>(random() % (1u << bits)) - (1 << (bits - 1)));
    r.output = model::run_self_attention(r.scales, r.query, r.key, r.value, static_cast<std::size_t>(channels));
    return r;
  }
  static Job job(const Rows& r) { return {SelfAttentionWork{r.scales, r.query, r.key, r.value, r.output}}; }
  Job dense() const { return {DenseWork{dense_layer, product}}; }
};

const std::vector<std::vector<std::string>> devices = {
    {"network.epilogue=true", "network.self_attention=24", "gemm.rows=3", "attention.embed_dim=16", "gemm.columns=8",
     "gemm.depth=4", "implementation.clock_gating=true"},
    {"network.epilogue=true", "network.self_attention=24", "gemm.rows=1", "attention.embed_dim=8", "gemm.columns=8",
     "gemm.depth=2", "numerics.query_bits=5", "numerics.query_weight_bits=6"}};

}  // namespace

TEST_CASE("self-attention: aborted, reset or failed at any moment, and a clean job after it") {
  for (const auto& overrides : devices) {
    Device device(overrides);
    for (const int stall : {0, 40}) {
      INFO(fmt::format("{} rows of the array, stalls {} %", device.config.gemm.rows, stall));
      Session session(device.library, device.manifest, device.config, {11, stall, 20});
      const auto plain = Device::job(device.many);
      const auto first = session.run(plain);
      REQUIRE(first.first_mismatch() == "");
      const auto clean = [&](int number) {
        const auto next = session.run(number % 3 == 0   ? Device::job(device.few)
                                      : number % 3 == 1 ? device.dense()
                                                        : Device::job(device.many));
        REQUIRE(next.first_mismatch() == "");
      };
      const auto moments = first.cycles - 200;
      for (int i = 0; i < 36; ++i) {
        const auto moment = device.random() % moments;
        const int kind = i % 3;
        auto job = plain;
        job.meanwhile = [=, done = false](std::uint64_t cycle, Bench& bench) mutable {
          if (done || cycle < moment) return false;
          done = true;
          if (kind == 2) return bench.reset(), true;
          kind == 0 ? quillgen_abort(&bench.device()) : quillgen_soft_reset(&bench.device());
          return kind == 1;
        };
        INFO(fmt::format("kind {}, moment {} of {}", kind, moment, moments));
        const auto result = session.run(job);
        REQUIRE(result.hang == "");
        CHECK(result.fault_count == 0);
        if (kind == 0) CHECK(result.error_code == QUILLGEN_ERROR_ABORTED_CODE);
        clean(i);
      }
      // The descriptor, then rows k, v and q.
      for (std::uint64_t burst = 0; burst <= 3 * 21; burst += 3) {
        auto job = plain;
        job.read_fault = AxiFault{burst, axi_slverr};
        const auto result = session.run(job);
        INFO("read ", burst);
        REQUIRE(result.hang == "");
        CHECK(result.error_code == QUILLGEN_ERROR_READ_CODE);
        CHECK(result.fault_count == 0);
        clean(static_cast<int>(burst));
      }
      auto job = plain;
      job.write_fault = AxiFault{5, axi_slverr};
      CHECK(session.run(job).error_code == QUILLGEN_ERROR_WRITE_CODE);
      clean(1), clean(2);
    }
  }
}

TEST_CASE("self-attention: descriptors that are refused") {
  Device device(devices[0]);
  Session session(device.library, device.manifest, device.config, {12, 0, 1});
  struct Refused {
    std::uint32_t error;
    int word;
    std::function<void(Descriptor&)> tamper;
  };
  const std::vector<Refused> cases = {
      {1, 0, [](Descriptor& d) { d[0] = 0x00030004; }},
      {1, 1, [](Descriptor& d) { d[1] = QUILLGEN_DESCRIPTOR_FLAG_RELU; }},
      {2, 3, [](Descriptor& d) { d[3] = 25; }},
      {1, 16, [](Descriptor& d) { d[17] = 1; }},
      {1, 21, [](Descriptor& d) { d[21] = 0; }},
      {1, 21, [](Descriptor& d) { d[21] |= 1u << 11; }},
      {1, 22, [](Descriptor& d) { d[22] = 1; }},
      {4, 4, [](Descriptor& d) { d[4] += 4; }},
      {4, 18, [](Descriptor& d) { d[18] += 4; }},
      {4, 24, [](Descriptor& d) { d[24] += 4; }},
      {4, 12, [](Descriptor& d) { d[12] += 4; }},
      {4, 14, [](Descriptor& d) { d[14] = 0; }},
      {4, 15, [](Descriptor& d) { d[15] = 0; }},
      {4, 20, [](Descriptor& d) { d[20] = 8; }},
      {4, 28, [](Descriptor& d) { d[28] = 8; }},
  };
  for (const auto& c : cases) {
    auto job = Device::job(device.few);
    job.tamper = c.tamper;
    const auto result = session.run(job);
    CAPTURE(c.word);
    CHECK(result.error_code == c.error);
    CHECK(result.error_detail == static_cast<std::uint32_t>(c.word));
    CHECK(result.untouched);
    CHECK(result.fault_count == 0);
    CHECK(session.run(Device::job(device.few)).first_mismatch() == "");
  }
}
