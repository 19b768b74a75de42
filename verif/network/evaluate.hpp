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
  double ap = 0, ap50 = 0, ap_float = 0, ap50_float = 0;  ///< 0 .. 1; in floating point with nothing left out
  double ap_float_pruned = 0, ap50_float_pruned = 0;      ///< in floating point with what integers leave out
  model::DroppedByLevel dropped, dropped_float;           ///< by integers and by floating point
  std::map<std::string, Noise> tensors;  ///< against floating point with the same queries and dropped pixels
  std::int64_t queries = 0, shared_queries = 0;
  std::optional<ExpectedResults> expected;

  /// Share of the queries that both chose.
  double same_queries() const { return static_cast<double>(shared_queries) / static_cast<double>(queries); }
};

class Evaluator {
 public:
  /// All must live as long. `pruning` is what the integers leave out.
  Evaluator(const Network& network, const model::Network& integers, const Scales& scales, const Config& config,
            const Pruning& pruning)
      : net_(network),
        integers_(integers),
        scales_(scales),
        config_(config),
        pruning_(pruning),
        found_(network.classes),
        found_float_(network.classes),
        found_float_pruned_(network.classes) {}

  /// Runs a scene both ways.
  void add(const Scene& scene);
  Evaluation result() const;

 private:
  void compare_expected(const Scene& scene, const FloatDetections& results);

  const Network& net_;
  const model::Network& integers_;
  const Scales& scales_;
  const Config& config_;
  const Pruning& pruning_;
  AveragePrecision found_, found_float_, found_float_pruned_;
  Evaluation sums_;
};

}  // namespace quillgen::network
