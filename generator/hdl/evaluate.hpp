// What each operation computes, for values of up to 64 bits: used to fold constants and by the interpreter.
#pragma once
#include "hdl/node.hpp"

namespace quillgen::hdl {

/// Result of a pure operation (not rom) on operands given as zero-extended 64-bit values; wa, wb are the widths of a
/// and b.
std::uint64_t evaluate(Op op, int width, int wa, int wb, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                       std::uint64_t extra);

}  // namespace quillgen::hdl
