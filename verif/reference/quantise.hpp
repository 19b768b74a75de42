// From a workload in floating point to the integers the hardware is given (NUMERICS.md, N1 to N3).
#pragma once
#include "config/config.hpp"
#include "model/layer.hpp"
#include "reference/reference.hpp"
#include "reference/workload.hpp"

namespace quillgen {

/// N2: multiplier and shift of a ratio of accumulator scale to output scale. 0 <= ratio < 2^15, else UserError. The
/// bias is 0.
model::Requant requant_of(double ratio);

/// Quantises a workload, its value, head and output scales calibrated with `reference`, the float result of the same
/// workload. Throws UserError when the workload does not fit the configuration (check_fits) or its numbers do not fit
/// N2.
model::QuantisedLayer quantise(const Workload& workload, const ReferenceStages& reference, const Config& config);

}  // namespace quillgen
