// Adder trees that are cut by registers, so that no path passes more than a few adders.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// Register stages of registered_sum_tree: the levels of a tree of `terms` terms, `levels` of them a stage; 0 for one
/// term, which needs no adder.
constexpr int sum_tree_stages(int terms, int levels) {
  int depth = 0;
  while ((1 << depth) < terms) ++depth;
  return (depth + levels - 1) / levels;
}

/// Exact sum by a balanced tree, `levels` >= 1 levels of adders at most between two registers, the last of which is the
/// sum, register `name`; the others are <name>_<stage>_<i>. All move with `enable`: the sum comes sum_tree_stages(..)
/// enabled cycles after its terms.
hdl::SInt registered_sum_tree(hdl::Module& m, const std::string& name, std::vector<hdl::SInt> terms, int levels,
                              const hdl::Bool& enable, hdl::SourceLine at = hdl::Here::current());

}  // namespace quillgen::lib
