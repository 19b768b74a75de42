// Makes a layer one of a network: its operands are formed from rows of the stream, its results normalised.
#pragma once
#include "config/config.hpp"
#include "model/dense.hpp"

namespace quillgen {

/// Which of it a job has.
struct StreamParts {
  bool formed = false, norm = false;
  bool any() const { return formed || norm; }
};

/// Random rows of the stream, positions of queries and of the rows of a dense layer too, and a random norm.
void add_stream(model::QuantisedLayer& layer, const Config& config, StreamParts parts, std::uint64_t seed);
void add_stream(model::DenseLayer& layer, const Config& config, StreamParts parts, std::uint64_t seed);

/// An activation by linear pieces of a layer whose results fill their format, in the place of the one that it has.
void add_activation(model::DenseLayer& layer, model::Function function);

}  // namespace quillgen
