// The jobs of a network without a scene.
#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "estimate/program.hpp"
#include "network/quantise_network.hpp"

namespace quillgen::estimate {
namespace {

using synthetic::Reference;

struct Drawn {
  const network::Network& net;
  const Config& config;
  synthetic::Random random;
  Pruning pruning = {};
  ProgramDemand program = {};

  /// Operands that are no rows of the stream are formed all the same when rows have wider elements.
  const bool widens = element_bytes(config.numerics.query_bits) != element_bytes(result_width(config));
  const int tokens = net.tokens(), channels = net.channels, queries = net.queries, hidden = net.hidden;
  const int listed = net.score ? net.listed() : 0;
  std::vector<int> list = {};         // tokens that the encoder works on; empty: all
  std::vector<Reference> boxes = {};  // of the queries of the decoder

  void make();

  StreamDemand of_stream() const {
    StreamDemand s;
    s.queries = true;
    return s;
  }
  StreamDemand of_operands() const {
    StreamDemand s;
    s.queries = widens;
    return s;
  }
  void dense(const std::string& name, DenseShape shape, const StreamDemand& stream, bool host_step = false) {
    auto demand = dense_demand(shape);
    demand.stream = stream;
    add(name, std::move(demand), host_step);
  }
  void add(const std::string& name, Demand demand, bool host_step = false) {
    demand.name = demand.layer.file = name;
    program.jobs.push_back({name, std::move(demand), host_step});
  }
  std::vector<int> draw_tokens(int count) {
    std::vector<int> all(static_cast<std::size_t>(tokens));
    std::iota(all.begin(), all.end(), 0);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      std::swap(all[i], all[i + random.below(all.size() - i)]);
    all.resize(static_cast<std::size_t>(count));
    return all;
  }
  void attention(const std::string& name, const std::vector<Reference>& references, const std::vector<int>& named,
                 bool of_boxes);
  void mlp_and_norm(const std::string& name, int rows, bool named);
  void refine(const std::string& name, int rows, bool named, bool host_step);
  void decode(std::size_t index);
};

void Drawn::attention(const std::string& name, const std::vector<Reference>& references, const std::vector<int>& named,
                      bool of_boxes) {
  synthetic::Layer layer;
  layer.shape.embed_dim = channels, layer.shape.heads = net.heads;
  layer.shape.levels = net.levels, layer.shape.points = net.points;
  layer.shape.queries = static_cast<int>(references.size()), layer.shape.tokens = tokens;
  layer.shape.level_shapes = net.level_shapes;
  layer.shape.boxes = of_boxes;
  layer.shape.index_list = named;
  layer.references = references;
  auto demand = drawn_demand(layer, random, pruning);
  demand.stream = of_stream();
  demand.stream.sources = demand.stream.positions = demand.stream.norm = true;
  if (of_boxes) demand.stream.reference_stride = box_row_beats(config) * beat_bytes(config.memory);
  add(name, std::move(demand));
}

void Drawn::mlp_and_norm(const std::string& name, int rows, bool named) {
  auto first = of_stream(), second = of_operands();
  first.gathers = named, second.scatters = named, second.norm = true;
  first.activation = model::by_pieces(net.activation);
  dense(name + ".hidden", {rows, channels, hidden}, first);
  dense(name + ".output", {rows, hidden, channels}, second);
}

void Drawn::refine(const std::string& name, int rows, bool named, bool host_step) {
  auto first = of_stream(), second = of_operands();
  first.gathers = named, second.boxes = true;
  dense(name + ".hidden", {rows, channels, static_cast<int>(net.proposal_box.hidden.bias.size())}, first);
  dense(name + ".output", {rows, static_cast<int>(net.proposal_box.hidden.bias.size()), 4}, second, host_step);
}

void Drawn::decode(std::size_t index) {
  const auto name = fmt::format("decoder.{}", index);
  program.jobs.back().host_step = true;  // the embedding of the boxes
  const int embedding = static_cast<int>(net.query_position.weight.size()) / channels;
  dense(name + ".position", {queries, embedding, channels}, of_operands());
  auto with_position = of_stream(), output = of_operands();
  with_position.positions = true, output.norm = true;
  dense(name + ".self.q", {queries, channels, channels}, with_position);
  dense(name + ".self.k", {queries, channels, channels}, with_position);
  const bool has_self = queries <= config.network.self_attention;
  dense(name + ".self.v", {queries, channels, channels}, of_stream(), !has_self);
  if (has_self) add(name + ".self.heads", self_demand(queries, channels, config.numerics.query_bits));
  dense(name + ".self.output", {queries, channels, channels}, output);
  attention(name + ".norm1", boxes, {}, true);
  mlp_and_norm(name + ".ffn", queries, false);
  const bool last = index + 1 == net.decoder.size();
  if (last) refine(name + ".box", queries, false, false);
  dense(name + ".classes", {queries, channels, net.classes}, of_stream());
  if (!last) refine(name + ".box", queries, false, false);
}

void Drawn::make() {
  if (listed > 0) {
    dense("score", {tokens, channels, 1}, of_stream(), true);
    list = draw_tokens(listed);
  }
  std::vector<Reference> places;
  for (std::size_t t = 0; t < static_cast<std::size_t>(tokens); ++t)
    places.push_back({net.references[2 * t], net.references[2 * t + 1], 0, 0});
  for (std::size_t i = 0; i < net.encoder.size(); ++i) {
    const auto name = fmt::format("encoder.{}", i);
    attention(name + ".norm1", places, list, false);
    mlp_and_norm(name + ".ffn", list.empty() ? tokens : listed, !list.empty());
  }
  dense("proposal.classes", {tokens, channels, net.classes}, of_stream(), true);
  for (const int token : draw_tokens(queries)) {
    const auto* box = &net.anchors[4 * static_cast<std::size_t>(token)];
    boxes.push_back({box[0], box[1], box[2], box[3]});
  }
  refine("proposal.box", queries, true, false);
  auto content = of_stream();
  content.gathers = true;
  dense("decoder.content", {queries, channels, channels}, content);
  for (std::size_t i = 0; i < net.decoder.size(); ++i) decode(i);
}

}  // namespace

void check_fits(const network::Network& network, const Config& config) {
  if (config.network.epilogue == 0)
    throw UserError(
        "--network: network.epilogue = false: the hardware has no part that whole networks need; set it to true, or "
        "take --preset detector");
  network::check_fits(network, config);
}

ProgramDemand drawn_program(const network::Network& network, const Config& config, std::uint64_t seed,
                            const Pruning& pruning) {
  Drawn drawn{network, config, synthetic::Random(seed), pruning};
  drawn.make();
  drawn.program.name = network.file;
  drawn.program.synthetic = true, drawn.program.seed = seed;
  return std::move(drawn.program);
}

}  // namespace quillgen::estimate
