// A whole detector in integers: encoder, choice of queries, decoder, from tokens to class scores and boxes. Rows of the
// stream have stream_bits and one scale in the encoder, another in the decoder; everything else is an operand or a
// result with a scale of its own. Steps are those of NUMERICS.md.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/activation.hpp"
#include "model/layer.hpp"
#include "model/norm.hpp"
#include "model/self_attention.hpp"

namespace quillgen::model {

using Integers = std::vector<std::int32_t>;
/// [S], 1 = dropped.
using Mask = std::vector<std::uint8_t>;

/// A dense layer within a network (N11): [N, length] weights.
struct Projection {
  Integers weight;
  std::vector<Requant> requant;  ///< [N]
  std::size_t length = 0;
  int bits = 0;  ///< of the results
  Activation activation = {};
};

/// Two dense layers, the first with an activation, and the operand of the first formed from the stream (N12).
struct Mlp {
  Requant operand;
  Projection hidden, output;
};

/// MSDeformAttn in the stream: operands formed from its rows, the result in its scale.
struct StreamAttention {
  Requant query, source;  ///< of the operands (N12)
  QuantisedLayer layer;   ///< weights, formats, level shapes, what is left out; its inputs are empty
};

struct EncoderLayer {
  StreamAttention attention;
  Norm norm1;
  Mlp ffn;
  Norm norm2;
};

struct DecoderLayer {
  Requant self_query, self_source;  ///< of the operands
  Projection query, key, value, output;
  SelfAttention self;
  Norm norm2;
  StreamAttention cross;  ///< its source operand is formed from rows of the encoder's stream
  Norm norm1;
  Mlp ffn;
  Norm norm3;
  Mlp box;  ///< to deltas of the box logits
  Requant classes_operand;
  Projection classes;
};

struct Network {
  int channels = 0, queries = 0, classes = 0;
  int stream_bits = 0;
  int query_bits = 0;  ///< of every operand of a projection
  Integers position;   ///< [S, C] in the encoder's stream
  Integers reference;  ///< [S, L, 2] (N5)
  Integers anchor;     ///< [S, 4], box logits (N17)
  std::vector<EncoderLayer> encoder;
  int listed = 0;                ///< queries of every encoder layer, those of highest score; 0: all tokens
  Requant score_operand;         ///< with a list
  Projection score;              ///< with a list
  Requant proposal_operand;      ///< of rows behind the encoder
  Projection proposal, content;  ///< class scores of every token; the first rows of the decoder's stream
  Mlp proposal_box;
  Projection query_position;  ///< of the sine embedding of a box, to the decoder's stream
  std::vector<DecoderLayer> decoder;
};

/// Is told every tensor by its name, the same as in the float reference.
using ObserveIntegers = std::function<void(const std::string& name, std::span<const std::int32_t>)>;

struct Detections {
  std::vector<int> list;     ///< tokens that the encoder worked on, in order of score; empty: all
  std::vector<int> queries;  ///< [Q], tokens that became queries, in order of score
  Integers logits;           ///< [Q, classes], of the last layer
  Integers boxes;            ///< [Q, 4] as (centre x, centre y, width, height), 16 fraction bits
  std::vector<Mask> masks;   ///< behind each encoder layer, where pixels are dropped
  DroppedByLevel dropped;
};

/// What is not decided anew: the list, the queries and the dropped pixels of another run.
struct Decisions {
  std::vector<int> list, queries;
  std::vector<Mask> masks;
};

/// source [S, C]: the tokens in the encoder's stream.
Detections run(const Network& network, const Integers& source, const ObserveIntegers& observe = {},
               const Decisions* decided = nullptr);

/// N18: the `count` rows of [R, columns] whose largest number is largest, in that order; of equals the first.
std::vector<int> best_rows(std::span<const std::int32_t> scores, std::size_t columns, std::size_t count);

/// N18: sine embedding of boxes [Q, 4] with 16 fraction bits: [Q, 128], operands of `bits`.
Integers sine_embedding(std::span<const std::int32_t> boxes, int bits);

}  // namespace quillgen::model
