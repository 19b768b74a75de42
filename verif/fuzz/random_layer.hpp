// The quantised layer of a case, directly in integers: no floating point and no calibration, so that every number may
// be as extreme as its format.
#pragma once
#include "fuzz/case.hpp"
#include "model/dense.hpp"
#include "model/layer.hpp"
#include "model/self_attention.hpp"

namespace quillgen::fuzz {

/// The layer of job 0 or 1. That of job 1 has its level shapes rotated by one and half the queries: what is left of
/// job 0 in the hardware does not fit it.
model::QuantisedLayer random_layer(const Case& c, int job);

/// The dense layer, its numbers in the styles of query, query weights and outputs; dense_rows must not be 0.
model::DenseLayer random_dense(const Case& c);

/// Self-attention of self_rows rows, which must not be 0.
struct SelfRows {
  model::SelfAttention scales;
  std::vector<std::int32_t> query, key, value;
};
SelfRows random_self(const Case& c);

}  // namespace quillgen::fuzz
