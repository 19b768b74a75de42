// Cases from seeds: the whole legal range, corners more often than the rest.
#pragma once
#include "fuzz/case.hpp"

namespace quillgen::fuzz {

/// The case of a seed. Its configuration is legal, and it costs the interpreter some seconds at most.
Case random_case(std::uint64_t seed);

}  // namespace quillgen::fuzz
