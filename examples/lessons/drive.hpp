// Drives two blocks of the accelerator on the interpreter: what lessons 4 and 5 need of their ports.
#pragma once
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "lesson.hpp"

namespace quillgen::lessons {

/// Preset nano with some fields changed, each "path=value".
inline Config nano_with(const std::vector<std::string>& overrides) { return load_preset("nano", overrides); }

using Row = std::vector<double>;

/// The weights that a softmax block gives to the logits of heads, a row each. Logits are in natural units, as in the
/// exact softmax; they are scaled by log2(e) and rounded to the logits of the hardware, which takes powers of 2.
inline std::vector<Row> attention(Lesson& lesson, const Config& config, const Module& softmax,
                                  const std::vector<Row>& logits) {
  test::StreamBench bench(softmax);
  bench.on_cycle([&](auto& now) { lesson.sample(now); });
  for (const Row& row : logits)
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double scaled = std::ldexp(row[i] * std::numbers::log2e, config.numerics.logit_frac_bits);
      const bool last = i + 1 == row.size();
      // logit, then its tag: slot, sample, head, level, last of its head, query, group.
      bench.push("logit", {std::lround(scaled), 0, 0, 0, 0, last, last, last});
      bench.expect("attention", 1);
    }
  bench.run();
  auto next = bench.received("attention").begin();
  std::vector<Row> weights = logits;
  for (Row& row : weights)
    for (double& w : row) w = std::ldexp(static_cast<double>((*next++)[0]), -config.numerics.attention_bits);
  return weights;
}

/// A bilinear sample of one head: it reads the pixels (x, y) to (x + 1, y + 1).
struct Sample {
  int x, y, head;
};

struct Lookups {
  std::size_t hits = 0, misses = 0, requests = 0;  ///< lines found, lines not found, lines asked for
};

/// Sends samples to a tag look-up that starts empty. All their pixels lie in the map.
inline Lookups look_up(Lesson& lesson, const Config& config, const Module& tag_lookup,
                       const std::vector<Sample>& walk) {
  test::StreamBench bench(tag_lookup);
  auto& sim = bench.interpreter();
  Lookups sum;
  bench.on_cycle([&](auto& now) {
    lesson.sample(now);
    sum.hits += now.get("hits"), sum.misses += now.get("misses");
  });
  sim.set("clear", 1);
  bench.run_cycles(1);
  sim.set("clear", 0);
  bench.run_cycles(static_cast<std::uint64_t>(most_cache_sets(config)));  // drops a set a cycle
  // Four weights that are not 0, x, y, head, level, last of its head, last of its query.
  for (const Sample& s : walk) bench.push("corners", {1, 1, 1, 1, s.x, s.y, s.head, 0, 0, 0});
  bench.run_cycles(4 * walk.size() + 4);  // a sample asks for four lines at most, one a cycle
  if (bench.received("entry").size() != walk.size()) throw std::runtime_error("samples are missing\n" + bench.state());
  sum.requests = bench.received("miss").size();
  return sum;
}

}  // namespace quillgen::lessons
