// Presets without what they choose of order and feature cache, for tests that say these themselves.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace quillgen::test {

/// `preset` with queries as they arrive and a plain cache of 2x2 lines in two ways, then the overrides.
inline Config plain_config(std::string_view preset, std::vector<std::string> overrides = {}) {
  const std::vector<std::string> plain = {"order.bucket_bits=0",        "order.window=1",
                                          "order.distance_units=1",     "feature_cache.level_parts=[]",
                                          "feature_cache.ways=2",       "feature_cache.line_shape=2x2",
                                          "feature_cache.hashing=true", "feature_cache.bypass_distance=0"};
  overrides.insert(overrides.begin(), plain.begin(), plain.end());
  return load_preset(preset, overrides);
}

}  // namespace quillgen::test
