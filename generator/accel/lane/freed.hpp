// When a group of queries is done with.
#pragma once
#include <fmt/core.h>

#include <vector>

#include "accel/constants.hpp"
#include "accel/shapes.hpp"
#include "hdl/build.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

/// A pulse when each of the lanes, or columns, has given one.
inline hdl::Bool from_all(hdl::Module& m, const std::vector<hdl::Bool>& pulses) {
  using namespace hdl;
  if (pulses.size() == 1) return pulses[0];
  auto all = wire(m, "all_freed", Bool());
  Bool each = Bool::constant(m, true);
  for (std::size_t l = 0; l < pulses.size(); ++l) {
    auto waiting = reg(m, fmt::format("freed_by_{}", l), UInt(Shapes::holds(group_buffers)), 0);
    waiting.when(pulses[l] & ~all, lib::increment(waiting)).when(all & ~pulses[l], lib::decrement(waiting));
    each = each & (waiting != 0);
  }
  all.drive(each);
  return all;
}

}  // namespace quillgen::accel
