// Position of a query in the group buffers: {group, row of the group}.
#pragma once
#include "accel/bundles.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

/// Counts the queries of group after group, group_buffers groups in turn.
class SlotCounter {
 public:
  SlotCounter(hdl::Module& m, const Shapes& s)
      : shapes_(s), group_(hdl::reg(m, "group_index", hdl::UInt(s.group_bits()), 0)) {
    if (s.rows() > 1) row_ = hdl::reg(m, "row_index", hdl::UInt(s.row_bits()), 0);
  }
  hdl::UInt slot() const { return shapes_.rows() == 1 ? static_cast<hdl::UInt>(group_) : hdl::concat({group_, row_}); }
  /// The query is number n of its group.
  hdl::Bool row_is(int n) const {
    return shapes_.rows() == 1 ? hdl::Bool::constant(group_.module(), n == 0) : row_ == n;
  }
  /// Row number plus one.
  hdl::UInt rows_so_far() const { return shapes_.rows() == 1 ? hdl::UInt::constant(group_.module(), 1, 1) : row_ + 1; }
  /// Moves on to the next query; after the last of a group to the first of the next.
  void step(const hdl::Bool& next_query, const hdl::Bool& next_group) {
    group_.when(next_group, lib::next_index(group_, group_buffers));
    if (shapes_.rows() > 1) row_.when(next_group, 0).when(next_query, lib::increment(row_));
  }

 private:
  const Shapes& shapes_;
  hdl::Reg<hdl::UInt> group_, row_;
};

}  // namespace quillgen::accel
