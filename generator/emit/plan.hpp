// Decides which nodes of a module get a net of their own in the Verilog and which are written in place.
#pragma once
#include <vector>

#include "hdl/module.hpp"

namespace quillgen::emit {

struct Plan {
  std::vector<bool> live;                 ///< the node is printed at all
  std::vector<int> readers;               ///< places that read the node, checks and taps not counted
  std::vector<bool> is_net;               ///< it has a name; otherwise it is written where it is used
  std::vector<std::vector<bool>> unread;  ///< bits of a net that nothing reads; empty when all are read
};

/// Longest expression written in place, in characters.
inline constexpr int max_inline_length = 90;
/// Longest concatenation written more than once, where others take it in, rather than given a name.
inline constexpr int max_repeated_length = 40;

Plan plan_nets(const hdl::Module& m);

/// x extended by one bit from a net, as an operand of a sum: written as x alone, the context widens it.
bool is_carry_extension(const hdl::Module& m, const Plan& plan, hdl::Id id);
/// Both operands of a sum are such extensions of the same kind.
bool is_carry_sum(const hdl::Module& m, const Plan& plan, hdl::Id id);

}  // namespace quillgen::emit
