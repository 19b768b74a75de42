// The trace as a picture: the path of the queries over the map, where lines are fetched, and pixels that are dropped.
#pragma once
#include <span>
#include <string>

#include "trace/pixel_maps.hpp"
#include "trace/traffic.hpp"

namespace quillgen::trace {

struct Column {
  std::string order;  ///< its name
  const Trace* trace;
};

/// A self-contained SVG of less than 1 MB, a column for each order of the same demand: above, the queries' references
/// on the map in the order of their visit, thinned; below, how often lines of level 0 were fetched; and with a `mask`,
/// what it drops of all levels.
std::string picture(const std::string& title, const estimate::Demand& demand, std::span<const Column> columns,
                    const PixelMask* mask = nullptr);

}  // namespace quillgen::trace
