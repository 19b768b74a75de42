// Layers of published models: their shapes, and made-up queries in the places where such a model has them. The weights
// of a trained layer are not at hand; how its samples scatter is an assumption, stated in README.md.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "reference/workload.hpp"
#include "synthetic/random.hpp"

namespace quillgen::synthetic {

/// Samples of the largest layer that is made.
inline constexpr std::int64_t most_samples = 1 << 28;

constexpr int embed_dim = 256, heads = 8;  // of all models

struct ModelOptions {
  double scale = 1;  ///< of the sides of all levels
  /// "encoder": all tokens are queries; "decoder": boxes around objects, 300 unless the model has another number;
  /// "30%": an index list of that share of the tokens; "500": so many queries of the model's kind; empty: those of the
  /// model.
  std::string queries;
  std::uint64_t seed = 1;
  std::string image =
      {};  ///< "800x1066", height by width in pixels: its levels instead of the model's; empty: the model's
  /// "40%": that share of the pixels of every level is masked, in holes of up to 3x3 pixels, as the layer before may
  /// have dropped them; empty: none.
  std::string masked = {};
};

/// Centre and, of a box, size, as shares of the map.
struct Reference {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Layer {
  Workload shape;                     ///< dimensions, level shapes, boxes and index list; the tensors are empty
  std::vector<Reference> references;  ///< [Lq], the same in every level
};

/// Names of the models, in the order of the documentation.
std::vector<std::string> model_names();

/// Throws UserError for an unknown model (naming those there are), an image or a scale at which a level has no pixel or
/// more than 1024 a side, queries that are none of the above, too few or too many, and a masked share that is none.
Layer draw_layer(const std::string& model, const ModelOptions& options, Random& random);

// --- where a query samples: point k of head m lies k + 1 pixels from the reference in direction m, scattered by
// --- spread(k); in `tail_share` of the cases by `tail_pixels`. In a box, a pixel is its share of half the box.

struct Direction {
  double x = 0, y = 0;
};
/// Of a head: one of eight, 45 degrees apart.
Direction direction(int head);

/// Deviation in x and in y, pixels.
constexpr double spread(int point) { return 0.5 + (point + 1) / 2.0; }

constexpr double tail_share = 0.03, tail_pixels = 12;

/// Deviation of the logits of a head, normal: of 16 points 44 % then weigh less than 0.03, as in the trained detector.
constexpr double logit_spread = 1.15;

}  // namespace quillgen::synthetic
