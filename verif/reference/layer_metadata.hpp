// The metadata of a workload file: dimensions of its layer, and which variant of the operation it is (README.md).
#pragma once
#include <map>
#include <string>
#include <vector>

namespace quillgen {

struct LayerMetadata {
  int embed_dim = 0, heads = 0, levels = 0;
  std::vector<int> level_points;   ///< [L], points of each level: `n_points`, a number or a list
  double offset_scale = 0.5;       ///< of boxes: offsets count in this share of a box, divided by n_points (RT-DETRv2)
  bool offsets_in_pixels = false;  ///< `use_4D_normalizer`: .. of a pixel times a box (DINO)
  bool mask_of_valid = false;      ///< `mask_polarity`: true is a token of the image, and not one of the padding
  bool references_per_point = false;  ///< `references_per`: three-dimensional references are of points, not levels
  bool no_value_proj = false, no_output_proj = false;  ///< stated, and not only left out
};

/// Throws UserError, without the name of the file, for a key that is unknown, missing, or says that the layer computes
/// what nothing here computes.
LayerMetadata layer_metadata(const std::map<std::string, std::string>& metadata);

/// A key that is written for people: its value is read by nobody.
bool is_free_text(const std::string& key);

}  // namespace quillgen
