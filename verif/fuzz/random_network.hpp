// Networks of random integers, for the programs that the hardware runs.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "model/network.hpp"

namespace quillgen::fuzz {

struct RandomNetwork {
  model::Network network;
  model::Integers source;  ///< [S, C]
};

/// What is not left to chance.
struct NetworkShape {
  std::vector<model::LevelShape> levels;
  int queries = 0, hidden = 0, encoder_layers = 0, decoder_layers = 0;
};

/// Of a configuration with an epilogue, and rows of 128 numbers or more: layers, level shapes, queries, rows of hidden
/// numbers, sparse or not, and all numbers follow from the seed. Small, some 100 tokens, unless a shape is given, which
/// is dense.
RandomNetwork random_network(const Config& config, std::uint64_t seed,
                             const std::optional<NetworkShape>& shape = std::nullopt);

}  // namespace quillgen::fuzz
