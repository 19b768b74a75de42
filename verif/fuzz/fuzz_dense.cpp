// Dense jobs of random shapes, from 1 x 1 x 1 upward, several on one instance and layers between them: the generated
// design equals the software model, in Verilator or on the interpreter.
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstdio>

#include "config/derived.hpp"
#include "fuzz/draw.hpp"
#include "fuzz/random_layer.hpp"
#include "fuzz/sessions.hpp"
#include "harness/parameters.hpp"
#include "harness/session.hpp"

using namespace quillgen;
using fuzz::Simulated;

namespace {

struct Options : fuzz::SessionOptions {
  int jobs = 8;
};

/// 1 .. most: small numbers as often as large ones, and the most itself now and then.
int size_up_to(fuzz::Draw& draw, int most) {
  if (draw.chance(8)) return most;
  const double exponent = draw.between(0, 1000) / 1000.0;
  return std::max(1, static_cast<int>(std::pow(most, exponent)));
}

/// A dense job of at most so many products a PE; the numbers in any style.
fuzz::Case dense_case(fuzz::Draw& draw, const Config& config) {
  constexpr double most_steps = 6000;
  fuzz::Case c;
  c.config = config;
  auto& w = c.workload;
  w.content = draw.bits();
  const double elements = double(config.gemm.rows) * config.gemm.columns * config.gemm.depth;
  do {
    w.dense_rows = size_up_to(draw, std::min(config.attention.max_queries, 20 * config.gemm.rows));
    w.dense_inner = size_up_to(draw, config.gemm.max_inner);
    w.dense_outputs = size_up_to(draw, 6 * most_panel_tiles(config) * config.gemm.columns);
  } while (double(w.dense_rows) * w.dense_inner * w.dense_outputs > most_steps * elements);
  w.relu = draw.below(2);
  const auto style = [&](int most) { return draw.chance(70) ? 0 : draw.between(0, most); };
  w.query_values = style(fuzz::corner_values), w.query_weights = style(fuzz::corner_values);
  w.output_scales = style(fuzz::mixed_scale);
  return c;
}

/// A small layer, so that dense jobs find what a layer has left, and the other way round.
fuzz::Case layer_case(fuzz::Draw& draw, const Config& config) {
  fuzz::Case c;
  c.config = config;
  auto& w = c.workload;
  w.content = draw.bits();
  w.queries = draw.between(1, 2 * config.gemm.rows + 1);
  for (std::size_t l = 0; l < 8; ++l) {
    w.width[l] = draw.between(1, std::min(5, config.attention.max_width));
    w.height[l] = draw.between(1, std::min(5, config.attention.max_height));
  }
  w.padded_percent = draw.chance(50) ? 0 : 40;
  w.maps = draw.chance(70) ? fuzz::computed_maps : fuzz::maps_given;
  return c;
}

struct Counts {
  int dense = 0, layers = 0, panels = 0;
  std::int64_t outputs = 0;
  std::uint64_t cycles = 0;
};

/// A job and what the model says about it.
struct Modelled {
  model::DenseLayer dense;
  std::vector<std::int32_t> product;
  model::QuantisedLayer layer;
  model::Stages stages;
};

/// Returns what is wrong with the session of this seed, "" if nothing.
std::string run_session(const Simulated& simulated, std::uint64_t seed, int jobs, Counts& counts) {
  fuzz::Draw draw(seed);
  const int stall = draw.chance(50) ? 0 : draw.between(1, 70), latency = draw.chance(40) ? 1 : draw.between(1, 100);
  harness::Session session(*simulated.library, simulated.manifest, simulated.config, {seed, stall, latency});
  for (int i = 0; i < jobs; ++i) {
    Modelled m;
    std::string name;
    harness::JobResult result;
    if (draw.chance(25)) {
      const auto c = layer_case(draw, simulated.config);
      m.layer = fuzz::random_layer(c, 0);
      m.stages = model::run(m.layer);
      name = fmt::format("a layer of {} queries", m.layer.queries);
      result = session.run({harness::AttentionWork{m.layer, m.stages, c.workload.maps == fuzz::maps_given}});
      ++counts.layers;
    } else {
      m.dense = fuzz::random_dense(dense_case(draw, simulated.config));
      m.product = model::run_dense(m.dense);
      name = fmt::format("{}x{}x{}{}", m.dense.rows, m.dense.inner, m.dense.outputs,
                         m.dense.activation.function == model::Function::relu ? ", ReLU" : "");
      result = session.run({harness::DenseWork{m.dense, m.product}});
      ++counts.dense;
      counts.outputs += result.stages.empty() ? 0 : result.stages.back().compared;
      counts.panels += divide_up(divide_up(m.dense.outputs, simulated.config.gemm.columns),
                                 harness::panel_tiles(simulated.config, m.dense.inner, m.dense.outputs));
    }
    counts.cycles += result.cycles;
    if (!result.bit_exact())
      return fmt::format("job {}, {}, stall {} %, latency {}: {}", i + 1, name, stall, latency,
                         result.first_mismatch());
  }
  return "";
}

int run_all(const Options& o, const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  const Simulated simulated(o);
  Counts counts;
  std::uint64_t failed = 0;
  for (auto seed = o.first; seed < o.first + o.count; ++seed) {
    const auto problem = run_session(simulated, seed, o.jobs, counts);
    if (problem.empty()) continue;
    ++failed;
    std::string changes;
    for (const auto& change : o.overrides) changes += " --set " + change;
    fmt::print("seed {}: FAILED: {}\nreplay: {} --preset {}{}{} --jobs {} --first {} --count 1\n", seed, problem,
               program, o.preset, changes, o.interpreted ? " --interpreted" : "", o.jobs, seed);
    std::fflush(stdout);
  }
  fmt::print(
      "{}: {} sessions: {} dense jobs in {} panels, {} outputs compared, {} layers, {} cycles, {} failed, {:.0f} s\n",
      o.preset, o.count, counts.dense, counts.panels, counts.outputs, counts.layers, counts.cycles, failed,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o{{.preset = "nano", .count = 20}};
  command_line::Program app(
      "Dense jobs of random shapes, and layers between them: the generated design equals the model.");
  o.add_to(app, "number of sessions");
  app.add_option("--jobs", o.jobs, "jobs of a session, one after the other on one instance");
  if (const auto status = app.parse(argc, argv)) return *status;
  return fuzz::run_main("fuzz_dense", [&] { return run_all(o, argv[0]); });
}
