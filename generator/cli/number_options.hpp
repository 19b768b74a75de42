// Numbers of the command line as they are written: the parser itself takes -1 for 2^64 - 1 and 010 for 8.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>

namespace quillgen::cli {

/// For transform(): decimal digits, within the range.
CLI::Validator whole_number(std::uint64_t least = 0, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

/// For transform(): a decimal number, 0.5 or 1e-3.
CLI::Validator decimal_number();

}  // namespace quillgen::cli
