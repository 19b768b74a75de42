// The trace as a picture: the path of the queries over the map, and where lines are fetched.
#pragma once
#include <span>
#include <string>

#include "trace/traffic.hpp"

namespace quillgen::trace {

struct Column {
  std::string order;  ///< its name
  const Trace* trace;
};

/// A self-contained SVG of less than 1 MB, a column for each order of the same demand: above, the queries' references
/// on the map in the order of their visit, thinned; below, how often lines of level 0 were fetched.
std::string picture(const std::string& title, const estimate::Demand& demand, std::span<const Column> columns);

}  // namespace quillgen::trace
