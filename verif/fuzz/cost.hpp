// What a case costs on the interpreter, so that a run of many keeps to a time.
#pragma once
#include "fuzz/case.hpp"

namespace quillgen::fuzz {

/// Instructions of the interpreter for one cycle of the design: an estimate, good to a factor of two.
double estimated_instructions(const Config& config);

/// Instructions for all jobs of the case.
double estimated_cost(const Case& c);

}  // namespace quillgen::fuzz
