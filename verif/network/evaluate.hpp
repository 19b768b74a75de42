// A detector in integers against the same in floating point: noise of every tensor, average precision of both.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>

#include "model/network.hpp"
#include "network/average_precision.hpp"
#include "network/float_network.hpp"
#include "network/scales.hpp"

namespace quillgen::network {

/// Sums of squares of a tensor and of its error.
struct Noise {
  double signal = 0, noise = 0;
  int bits = 0;

  void add(double exact, double value) {
    signal += exact * exact;
    noise += (exact - value) * (exact - value);
  }
  double sqnr_db() const;  ///< infinite without noise
};

/// What the float results of the program are against those that came with the scenes.
struct ExpectedResults {
  int scenes = 0, same_queries = 0;  ///< that have them; in which the queries are the same
  Noise logits, boxes;               ///< of scenes with the same queries
};

struct Evaluation {
  int scenes = 0;
  double ap = 0, ap50 = 0, ap_float = 0, ap50_float = 0;  ///< 0 .. 1
  std::map<std::string, Noise> tensors;                   ///< against floating point with the same queries
  std::int64_t queries = 0, shared_queries = 0;
  std::optional<ExpectedResults> expected;

  /// Share of the queries that both chose.
  double same_queries() const { return static_cast<double>(shared_queries) / static_cast<double>(queries); }
};

class Evaluator {
 public:
  /// All must live as long.
  Evaluator(const Network& network, const model::Network& integers, const Scales& scales, const Config& config)
      : net_(network),
        integers_(integers),
        scales_(scales),
        config_(config),
        found_(network.classes),
        found_float_(network.classes) {}

  /// Runs a scene both ways.
  void add(const Scene& scene);
  Evaluation result() const;

 private:
  void compare_expected(const Scene& scene, const FloatDetections& results);

  const Network& net_;
  const model::Network& integers_;
  const Scales& scales_;
  const Config& config_;
  AveragePrecision found_, found_float_;
  Evaluation sums_;
};

}  // namespace quillgen::network
