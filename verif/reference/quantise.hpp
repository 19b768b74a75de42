// From a workload in floating point to the integers the hardware is given (NUMERICS.md, N1 to N3).
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "model/layer.hpp"
#include "reference/pruning.hpp"
#include "reference/reference.hpp"
#include "reference/workload.hpp"

namespace quillgen {

/// N2: multiplier and shift of a ratio of accumulator scale to output scale. 0 <= ratio < 2^15, else UserError. The
/// bias is 0.
model::Requant requant_of(double ratio);

/// N1: a tensor of one scale, `bits` bits.
std::vector<std::int32_t> quantised(std::span<const double> values, double scale, int bits);

/// N5: points or boxes (of four numbers) with 16 fraction bits, clamped to 32 bits; sizes of boxes to 0 .. 2 - 2^-16.
std::vector<std::int32_t> quantised_references(std::span<const double> numbers, bool boxes);

/// N1 to N3 of one linear layer: weight [N, length] with one scale a row, bias [N] in the accumulator's scale. The
/// scale of the input is `input`; the output is in units of 1 / `per_unit`. A message calls it `name`.
struct QuantisedLinear {
  std::vector<std::int32_t> weight;     ///< [N, length]
  std::vector<model::Requant> requant;  ///< [N]
};
QuantisedLinear quantise_linear(const std::string& name, std::span<const double> weight, std::span<const double> bias,
                                double input, double per_unit, int bits);

/// Quantises a workload, its value, head and output scales calibrated with `reference`, the float result of the same
/// workload. Throws UserError when the workload does not fit the configuration (check_fits) or its numbers do not fit
/// N2.
/// `pruning`: what the layer leaves out; of a layer that counts its pixels, the padding of the workload is the image's.
model::QuantisedLayer quantise(const Workload& workload, const ReferenceStages& reference, const Config& config,
                               const Pruning& pruning = {});

}  // namespace quillgen
