// Sizes of the parameter image (generator/accel/README.md), in beats.
#pragma once
#include <cstdint>

#include "config/config.hpp"

namespace quillgen::estimate {

/// Weights of `tiles` tiles of the PE array for rows of `inner` elements, with their requantisation.
std::int64_t panel_beats(const Config& config, int tiles, int inner);

/// What is needed before the value projection, and what is loaded meanwhile.
struct ImageBeats {
  std::int64_t value = 0, rest = 0;
};
ImageBeats image_beats(const Config& config);

/// The table of a norm, gamma and beta of each channel, of a job that has one.
std::int64_t norm_beats(const Config& config);

/// Tiles of a panel of a dense product, as the host chooses them: one panel if its weights fit, else as many as fit
/// twice.
int panel_tiles(const Config& config, int inner, int outputs);

}  // namespace quillgen::estimate
