// Activations by linear pieces: every number that can go in, and what does not pass them.
#include <map>

#include "accel/array/gemm.hpp"
#include "model/activation.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

std::vector<Config> activation_configs() {
  std::vector<Config> configs;
  for (const char* activations : {"all", "gelu", "silu", "sigmoid"})
    configs.push_back(load_preset("nano", std::vector<std::string>{"network.epilogue=true", "gemm.columns=16",
                                                                   std::string("network.activations=") + activations}));
  // Heads of self-attention go along.
  configs.push_back(
      load_preset("nano", std::vector<std::string>{"network.epilogue=true", "network.activations=all",
                                                   "network.self_attention=8", "gemm.columns=16", "gemm.depth=2"}));
  return configs;
}

/// The unit with rows of results going through it, one a cycle.
class ActivatedRows {
 public:
  ActivatedRows(const Config& config, std::uint64_t seed)
      : block_(config, accel::build_activation_unit), sim_(block_.module, seed), random_(seed) {
    sim_.set("activation", 0), sim_.set("result_valid", 0), sim_.set_reset(true);
    for (int i = 0; i < 2; ++i) sim_.step();
    sim_.set_reset(false);
  }
  void choose(unsigned function, const model::Requant& scale) {
    sim_.set("activation", function), sim_.set("scale_mult", scale.mult), sim_.set("scale_shift", scale.shift);
  }
  int columns() const { return block_.s.config.gemm.columns; }
  int bits() const { return block_.s.result_bits(); }
  Random& random() { return random_; }

  /// A cycle: what is given, a row or none, and what comes out; what is not valid holds anything.
  struct Row {
    std::vector<std::int32_t> values;
    std::uint64_t slot = 0, tile = 0;
    bool operator==(const Row&) const = default;
  };
  std::optional<Row> cycle(const std::optional<Row>& in) {
    sim_.set("result_valid", in.has_value());
    for (int i = 0; i < columns(); ++i) {
      const auto value = in ? in->values[static_cast<std::size_t>(i)] : random_.number(bits());
      sim_.set(fmt::format("result_value_{}", i), static_cast<std::uint64_t>(value) & hdl::mask(bits()));
    }
    const auto of = [&](const char* port, std::uint64_t value) {
      sim_.set(port, in ? value : random_.bits() & hdl::mask(sim_.width(sim_.port(port))));
    };
    of("result_slot", in ? in->slot : 0), of("result_tile", in ? in->tile : 0);
    const bool has_heads = sim_.top().port_index("result_heads_0") >= 0;
    const auto heads = random_.bits() & 1;
    if (has_heads) sim_.set("result_heads_0", heads), sim_.set("result_heads_1", 1);
    std::optional<Row> out;
    if (has_heads) CHECK(sim_.get("activated_heads_0") == heads);
    if (sim_.get("activated_valid") != 0) {
      out.emplace();
      for (int i = 0; i < columns(); ++i)
        out->values.push_back(static_cast<std::int32_t>(sim_.get_signed(fmt::format("activated_value_{}", i))));
      out->slot = sim_.get("activated_slot"), out->tile = sim_.get("activated_tile");
    }
    sim_.step();
    return out;
  }
  Row random_row(const std::vector<std::int32_t>& values) {
    const auto any = [&](const char* port) { return random_.bits() & hdl::mask(sim_.width(sim_.port(port))); };
    const auto slot = any("result_slot");
    return {values, slot, any("result_tile")};
  }

 private:
  Block block_;
  interp::Interpreter sim_;
  Random random_;
};

model::Function function_of(unsigned code) {
  return static_cast<model::Function>(static_cast<unsigned>(model::Function::gelu) + code - 1);
}

}  // namespace

TEST_CASE("activation_unit: every number, in the order and time in which they come") {
  for (const Config& config : activation_configs()) {
    ActivatedRows rows(config, 7);
    for (unsigned code = 1; code < 4; ++code) {
      if (!has_activation(config.network, static_cast<int>(code))) continue;
      INFO(fmt::format("activations {}, function {}", config.network.activations, code));
      const auto function = function_of(code);
      // All of the grid at a scale of one half, which keeps every bit but the last; then beyond it, at any scale.
      for (int pass = 0; pass < 3; ++pass) {
        model::Requant scale{0, 1u << 15, 16};
        if (pass == 1) scale = {0, 65535, 47};
        if (pass == 2)
          scale = {0, static_cast<std::uint32_t>(rows.random().in(1, 65535)),
                   static_cast<std::uint32_t>(rows.random().in(1, 20))};
        rows.choose(code, scale);
        std::deque<std::optional<ActivatedRows::Row>> expected(accel::activation_latency);
        const int count = pass == 0 ? 65536 : 4096;
        for (int next = 0, idle = 0; idle < accel::activation_latency;) {
          std::optional<ActivatedRows::Row> in, out;
          if (next < count && !rows.random().chance(20)) {
            std::vector<std::int32_t> values;
            for (int i = 0; i < rows.columns(); ++i, ++next)
              values.push_back(static_cast<std::int32_t>(pass == 0 ? next - 32768 : rows.random().number(rows.bits())));
            in = rows.random_row(values);
            out = in;
            for (auto& v : out->values) {
              const auto x = static_cast<std::int32_t>(model::saturate(v, model::activation_bits));
              v = model::activate({function, scale}, x, 16);
            }
          } else if (next >= count) {
            ++idle;
          }
          expected.push_back(out);
          REQUIRE(rows.cycle(in) == expected.front());
          expected.pop_front();
        }
      }
    }
    // Without one results pass in their cycle.
    rows.choose(0, {0, 1, 1});
    for (int i = 0; i < 100; ++i) {
      std::vector<std::int32_t> values;
      for (int v = 0; v < rows.columns(); ++v)
        values.push_back(static_cast<std::int32_t>(rows.random().number(rows.bits())));
      const auto in = rows.random().chance(50) ? std::optional(rows.random_row(values)) : std::nullopt;
      CHECK(rows.cycle(in) == in);
    }
  }
}
