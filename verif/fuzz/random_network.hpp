// Networks of random integers, for the programs that the hardware runs.
#pragma once
#include <cstdint>

#include "config/config.hpp"
#include "model/network.hpp"

namespace quillgen::fuzz {

struct RandomNetwork {
  model::Network network;
  model::Integers source;  ///< [S, C]
};

/// Of a configuration with an epilogue, and rows of 128 numbers or more: layers, level shapes, queries, rows of hidden
/// numbers, sparse or not, and all numbers follow from the seed. Small: some 100 tokens.
RandomNetwork random_network(const Config& config, std::uint64_t seed);

}  // namespace quillgen::fuzz
