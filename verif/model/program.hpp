// A network on one scene as the jobs that the hardware runs one after the other, each with what it is given and what
// must come of it; the tensors between them have names. Jobs follow the steps of NUMERICS.md, N12 to N18.
#pragma once
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "config/config.hpp"
#include "model/dense.hpp"
#include "model/layer.hpp"
#include "model/network.hpp"

namespace quillgen::model {

/// What lies in memory from job to job. All but references, boxes and masks, which have a byte a token, are rows of
/// elements that jobs pass on.
struct ProgramTensor {
  enum class Kind { rows, references, boxes, mask } kind = Kind::rows;
  int rows = 0, length = 0;  ///< elements of a row; of references numbers, of boxes logits
  Integers initial = {};     ///< what the host lays down before the first job; empty: nothing
};

/// Names of tensors; empty: there is none. Outputs are written over the residual where there is one.
struct ProgramAttention {
  QuantisedLayer layer;
  Stages stages;
  std::string queries, positions, sources, references, list, outputs;
  std::string mask = {}, pixel_mask = {};  ///< of tokens that it does not read; and the one that it writes (N20)
};
struct ProgramDense {
  DenseLayer layer;
  Integers output;
  std::string input, positions, list, outputs;
};
/// N16; a step of the host where the hardware has no part for so many rows.
struct ProgramSelfAttention {
  SelfAttention self;
  Integers query_rows, key_rows, value_rows, output;
  std::string query, key, value, outputs;
};

/// Steps of the host (N18) behind a job, before the next one.
enum class HostStep { none, choose_tokens, choose_queries, sine_embedding, self_attention };

struct ProgramJob {
  std::string name;  ///< as its result is called in the network
  std::variant<ProgramAttention, ProgramDense, ProgramSelfAttention> work;
  HostStep host_step = HostStep::none;
};

struct Program {
  std::vector<ProgramJob> jobs;
  std::map<std::string, ProgramTensor> tensors;
  std::map<std::string, std::vector<int>> lists;     ///< index lists that the host writes, as they will be
  std::vector<ProgramSelfAttention> self_attention;  ///< of the decoder's layers, where it is a step of the host
  Integers anchors;                                  ///< [S, 4], box logits of all tokens
  int channels = 0, classes = 0;
  Detections detections;
};

/// source [S, C] as run() takes it. The rows of boxes are as far apart as they must be.
Program make_program(const Network& network, const Config& config, const Integers& source);

}  // namespace quillgen::model
