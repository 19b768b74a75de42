// The parameter image of a job: weights and requantisation tables as the hardware takes them, laid down in
// generator/accel/README.md.
#pragma once
#include "config/config.hpp"
#include "harness/bit_writer.hpp"
#include "model/dense.hpp"
#include "model/layer.hpp"

namespace quillgen::harness {

/// The seven tables of an attention job, entries padded to whole beats with zeros.
Bytes pack_parameters(const model::QuantisedLayer& layer, const Config& config);

/// Tiles of a panel of a dense job with rows of `inner` elements: all tiles when weight memories, requantisation table
/// and result buffer hold them; otherwise as few panels as there can be, about equally long, whose weights take half
/// of a memory, so that the next one is loaded meanwhile, and whose rows are whole beats of output (the rows of a short
/// panel would be read faster than memory gives them). inner is 1 .. max_inner, outputs at least 1.
int panel_tiles(const Config& config, int inner, int outputs);

/// The panels of a dense job, one after the other: requantisation, then weights.
Bytes pack_panels(const model::DenseLayer& layer, const Config& config);

}  // namespace quillgen::harness
