// A detector in floating point, as trained: parameters, places of its tokens, scenes.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/activation.hpp"
#include "model/layer.hpp"
#include "reference/pruning.hpp"
#include "reference/safetensors.hpp"

namespace quillgen::network {

using Values = std::vector<double>;

/// y = weight x + bias.
struct Linear {
  Values weight;  ///< [N, K]
  Values bias;    ///< [N]
};

/// Two layers, between them an activation: ReLU, or in FFNs that of the network.
struct Mlp {
  Linear hidden, output;
};

struct Norm {
  Values gamma, beta;  ///< [C]
};

/// MSDeformAttn: rows of offsets are (head, level, point, x|y), rows of logits (head, level, point).
struct DeformableAttention {
  Linear offsets, logits, value, output;
};

struct EncoderLayer {
  DeformableAttention attention;
  Norm norm1;
  Mlp ffn;
  Norm norm2;
};

struct DecoderLayer {
  Linear query, key, value, output;  ///< of the self-attention, [C, C]
  Norm norm2;                        ///< behind the self-attention
  DeformableAttention cross;
  Norm norm1;  ///< behind the cross-attention
  Mlp ffn;
  Norm norm3;
  Mlp box;         ///< [4, C]
  Linear classes;  ///< [classes, C]
};

struct Network {
  std::string file;
  std::string fingerprint;  ///< of all parameters, 16 hexadecimal digits
  int channels = 0, heads = 0, levels = 0, points = 0, hidden = 0, queries = 0, classes = 0;
  double norm_epsilon = 0;
  model::Function activation = model::Function::relu;  ///< of FFNs: relu, gelu or silu
  double keep = 1;                                     ///< share of the tokens that the encoder works on
  Pruning pruning;                                     ///< that it was trained with
  std::vector<model::LevelShape> level_shapes;
  Values position;    ///< [S, C]
  Values references;  ///< [S, 2], the same on every level
  Values anchors;     ///< [S, 4] as (centre x, centre y, width, height)
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  Linear proposal;  ///< class scores of every token, [classes, C]
  Mlp proposal_box;
  Linear content;         ///< first rows of the decoder, [C, C]
  Linear query_position;  ///< of the sine embedding of a box, [C, 128]
  std::optional<Linear> score;

  int tokens() const { return static_cast<int>(position.size()) / channels; }
  /// Tokens that the encoder works on: keep of all, rounded, at least one.
  int listed() const;
};

/// Reads a network (README.md has the rules). Throws UserError, one line that names file and tensor.
Network load_network(const std::string& file);

/// An object that is in a scene.
struct Object {
  double box[4];  ///< centre x, centre y, width, height, of the image
  int label;
};

struct Scene {
  Values source;  ///< [S, C], tokens behind the backbone
  std::vector<Object> objects;
  std::vector<int> expected_queries;       ///< [Q] in any order, or empty
  Values expected_logits, expected_boxes;  ///< [Q, classes], [Q, 4], or empty
};

/// A file of scenes for a network; a scene is made when it is asked for. Throws UserError.
class SceneFile {
 public:
  SceneFile(const std::string& file, const Network& network);
  const std::string& file() const { return file_; }
  int scenes() const { return scenes_; }
  Scene scene(int index) const;

 private:
  void check_objects(int classes) const;
  Values part(const Tensor& t, int index) const;

  std::string file_;
  int scenes_ = 0;
  Tensor source_, boxes_, labels_, logits_, expected_boxes_, queries_;
};

}  // namespace quillgen::network
