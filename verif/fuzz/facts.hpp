// What a case was in fact: numbers counted in its layers, in the results of the model and on the bus. A case with a
// name claims something about them, so that it cannot quietly stop being what its name says.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "fuzz/random_layer.hpp"
#include "harness/session.hpp"
#include "model/layer.hpp"

namespace quillgen::fuzz {

/// By name, as "offset.x.lowest". Counts are summed over jobs and runs, sizes are the greatest of any.
using Facts = std::map<std::string, std::int64_t>;

/// Of a tensor: how many numbers, how many at the lowest and the highest of their format, how many that need every bit
/// of it (full) and its last bit (odd). Of the layer: rows of equal logits, numbers that requantisation saturated,
/// samples and tokens by place; with an epilogue what was formed, and rows around norms.
void add_layer(Facts& facts, const model::QuantisedLayer& layer, const model::Stages& stages);

/// Of self-attention: its rows, and outputs by value.
void add_self(Facts& facts, const Config& config, const SelfRows& rows, const std::vector<std::int32_t>& output);

/// Of a dense layer: its shape, panels, and outputs by sign.
void add_dense(Facts& facts, const Config& config, const model::DenseLayer& layer,
               const std::vector<std::int32_t>& product);

/// Elements compared in each stage, and what the bus saw.
void add_run(Facts& facts, const Config& config, const harness::JobResult& result, const harness::Work& work);

/// The first of the claims that does not hold, with the number; or "". A claim is a > b or a = b without spaces, a and
/// b facts or numbers; one about a fact that nobody counted does not hold. Claims have spaces between them.
std::string broken_claim(const Facts& facts, const std::string& claims);

}  // namespace quillgen::fuzz
