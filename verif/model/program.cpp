#include "model/program.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/derived.hpp"
#include "model/boxes.hpp"
#include "model/check.hpp"
#include "model/steps.hpp"

namespace quillgen::model {
namespace {

constexpr const char* memory_name = "encoder.stream";
constexpr const char* target_name = "decoder.stream";
constexpr const char* boxes_name = "boxes";
constexpr const char* hidden_name = "hidden";

Integers rows_of(const Integers& all, const std::vector<int>& list, std::size_t length) {
  Integers result;
  for (const int i : list) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * length);
    result.insert(result.end(), first, first + static_cast<std::ptrdiff_t>(length));
  }
  return result;
}

/// What the operands of a dense job are made of.
struct Input {
  std::string name;
  const Integers& rows;              ///< that the job reads, gathered
  const Requant* operand = nullptr;  ///< formed from rows of the stream; null: the rows are operands
  std::string positions = {};        ///< name, and ..
  const Integers* added = nullptr;   ///< .. numbers
  std::string list = {};             ///< the rows are those that it names
  const std::vector<int>* named = nullptr;
};

class Builder {
 public:
  Builder(const Network& net, const Config& config) : net_(net), config_(config), n_(config.numerics) {}

  Program make(const Integers& source) {
    const int tokens = static_cast<int>(source.size()) / net_.channels;
    memory_ = source;
    p_.anchors = net_.anchor, p_.channels = net_.channels, p_.classes = net_.classes;
    tensor(memory_name, tokens, net_.channels).initial = source;
    tensor("encoder.position", tokens, net_.channels).initial = net_.position;
    auto& references = p_.tensors["encoder.references"];
    references = {ProgramTensor::Kind::references, tokens, static_cast<int>(net_.reference.size()) / tokens,
                  net_.reference};
    if (net_.listed > 0) choose_tokens();
    for (std::size_t i = 0; i < net_.encoder.size(); ++i) encode(i);
    propose();
    for (std::size_t i = 0; i < net_.decoder.size(); ++i) decode(i);
    p_.detections.boxes = box_references();
    return std::move(p_);
  }

 private:
  ProgramTensor& tensor(const std::string& name, int rows, int length) {
    auto& t = p_.tensors[name];
    t.rows = std::max(t.rows, rows), t.length = std::max(t.length, length);
    return t;
  }

  /// A dense job that is not yet complete.
  DenseLayer dense(const Projection& p, const Input& in) const {
    DenseLayer layer{
        n_, 0, static_cast<int>(p.length), static_cast<int>(p.requant.size()), {}, p.weight, p.requant, p.activation};
    layer.rows = static_cast<int>(in.rows.size() / p.length);
    layer.stream.bits = net_.stream_bits;
    layer.result_bits = p.bits;
    if (in.operand != nullptr) layer.stream.query = *in.operand;
    else if (element_bytes(n_.query_bits) != element_bytes(result_width(config_)))
      layer.stream.query = Requant{0, 1 << 15, 15};  // operands in wider elements
    const Integers none;
    const auto& positions = in.added != nullptr ? *in.added : none;
    if (layer.stream.query) {
      layer.stream.queries = in.rows, layer.stream.positions = positions;
      layer.input = form_operands(in.rows, positions, *layer.stream.query, n_.query_bits);
    } else {
      layer.input = in.rows;
    }
    if (in.named != nullptr) {
      layer.gathers = true, layer.index_list = *in.named;
      layer.list_rows = p_.tensors.at(in.name).rows;
    }
    return layer;
  }

  const Integers& add(const std::string& name, DenseLayer layer, const Input& in, const std::string& outputs) {
    const bool boxes = !layer.boxes.empty();
    const int rows = layer.scatters ? layer.list_rows : layer.rows;
    if (!boxes) tensor(outputs, rows, layer.outputs);
    auto output = run_dense(layer);
    p_.jobs.push_back(
        {name, ProgramDense{std::move(layer), std::move(output), in.name, in.positions, in.list, outputs}});
    return std::get<ProgramDense>(p_.jobs.back().work).output;
  }
  const Integers& project(const std::string& name, const Projection& p, const Input& in, const std::string& outputs) {
    return add(name, dense(p, in), in, outputs);
  }

  /// Two layers and what is added: rows of the stream are read and written, those of a list or all.
  Integers mlp_and_norm(const std::string& name, const Mlp& m, const Norm& norm, const std::string& stream,
                        const Integers& rows, const std::string& list, const std::vector<int>* named) {
    const auto& hidden =
        project(name + ".hidden", m.hidden, {stream, rows, &m.operand, {}, nullptr, list, named}, hidden_name);
    const Input in{hidden_name, hidden};
    auto layer = dense(m.output, in);
    layer.stream.norm = norm, layer.stream.residual = rows;
    Input with_list = in;
    if (named != nullptr) {
      with_list.list = list;
      layer.scatters = true, layer.index_list = *named, layer.list_rows = p_.tensors.at(stream).rows;
    }
    return add(name + ".output", std::move(layer), with_list, stream);
  }

  void refine_boxes(const std::string& name, const Mlp& m, const Input& rows) {
    const auto& hidden = project(name + ".hidden", m.hidden, rows, hidden_name);
    const Input in{hidden_name, hidden};
    auto layer = dense(m.output, in);
    layer.boxes = boxes_, layer.box_levels = config_.attention.levels;
    const auto& row = add(name + ".output", std::move(layer), in, boxes_name);
    const auto length = row.size() / (boxes_.size() / 4);
    for (std::size_t i = 0; i < boxes_.size(); ++i) boxes_[i] = row[i / 4 * length + length - 4 + i % 4];
  }

  void choose_tokens() {
    const auto& scores = project("score", net_.score, {memory_name, memory_, &net_.score_operand}, "score");
    list_ = best_rows(scores, 1, static_cast<std::size_t>(net_.listed));
    p_.detections.list = p_.lists["tokens"] = list_;
    p_.jobs.back().host_step = HostStep::choose_tokens;
  }

  QuantisedLayer attention(const StreamAttention& a, const Integers& x, const Integers& positions,
                           const Integers& source, const Norm& norm) const {
    QuantisedLayer layer = a.layer;
    check(layer.padding.empty(), "program: an image with padded tokens");
    layer.padding = mask_;
    layer.queries = static_cast<int>(x.size()) / net_.channels;
    layer.stream.bits = net_.stream_bits;
    layer.stream.query = a.query, layer.stream.source = a.source;
    layer.stream.queries = x, layer.stream.positions = positions, layer.stream.sources = source;
    layer.query = form_operands(x, positions, a.query, n_.query_bits);
    layer.source = form_operands(source, {}, a.source, n_.feature_bits);
    layer.stream.norm = norm, layer.stream.residual = x;
    return layer;
  }
  const Stages& add(const std::string& name, ProgramAttention work) {
    work.mask = mask_name_;
    work.stages = run(work.layer);
    if (work.layer.pruning.share > 0) {
      work.pixel_mask = mask_name_ = name + ".mask";
      mask_ = mask_passed_on(work.layer, work.stages);
      p_.tensors[mask_name_] = {ProgramTensor::Kind::mask, static_cast<int>(mask_.size()), 1, {}};
      p_.detections.masks.push_back(mask_);
    }
    p_.jobs.push_back({name, std::move(work)});
    return std::get<ProgramAttention>(p_.jobs.back().work).stages;
  }

  void encode(std::size_t index) {
    const auto& layer = net_.encoder[index];
    const auto name = fmt::format("encoder.{}", index), list = std::string(list_.empty() ? "" : "tokens");
    ProgramAttention a;
    a.layer = attention(layer.attention, memory_, net_.position, memory_, layer.norm1);
    a.layer.reference = net_.reference;
    a.layer.index_list = list_;
    a.queries = a.sources = a.outputs = memory_name, a.positions = "encoder.position";
    a.references = "encoder.references", a.list = list;
    const auto normed = add(name + ".norm1", std::move(a)).written();
    const auto* named = list_.empty() ? nullptr : &list_;
    const auto channels = static_cast<std::size_t>(net_.channels);
    auto rows = named == nullptr ? normed : rows_of(normed, list_, channels);
    rows = mlp_and_norm(name + ".ffn", layer.ffn, layer.norm2, memory_name, rows, list, named);
    if (named == nullptr) memory_ = rows;
    else
      for (std::size_t i = 0; i < list_.size(); ++i)
        std::copy_n(&rows[i * channels], channels, &memory_[static_cast<std::size_t>(list_[i]) * channels]);
  }

  void propose() {
    const auto& scores =
        project("proposal.classes", net_.proposal, {memory_name, memory_, &net_.proposal_operand}, "proposal.classes");
    const auto chosen =
        best_rows(scores, static_cast<std::size_t>(net_.classes), static_cast<std::size_t>(net_.queries));
    p_.detections.queries = p_.lists["queries"] = chosen;
    p_.jobs.back().host_step = HostStep::choose_queries;
    p_.tensors[boxes_name] = {ProgramTensor::Kind::boxes, net_.queries, 4, {}};
    boxes_ = rows_of(net_.anchor, chosen, 4);
    const auto rows = rows_of(memory_, chosen, static_cast<std::size_t>(net_.channels));
    const auto of_chosen = [&](const Requant& operand) {
      return Input{memory_name, rows, &operand, {}, nullptr, "queries", &chosen};
    };
    refine_boxes("proposal.box", net_.proposal_box, of_chosen(net_.proposal_box.operand));
    target_ = project("decoder.content", net_.content, of_chosen(net_.proposal_operand), target_name);
  }

  void decode(std::size_t index) {
    const auto& layer = net_.decoder[index];
    const auto name = fmt::format("decoder.{}", index);
    // The embedding is made behind the job before, which wrote the boxes.
    p_.jobs.back().host_step = HostStep::sine_embedding;
    const auto sine = sine_embedding(box_references(), n_.query_bits);
    tensor("sine", net_.queries, static_cast<int>(net_.query_position.length));
    const auto position = project(name + ".position", net_.query_position, {"sine", sine}, "decoder.position");
    self_attend(name + ".self", layer, position);

    ProgramAttention cross;
    cross.layer = attention(layer.cross, target_, position, memory_, layer.norm1);
    cross.layer.boxes = true;
    const auto references = box_references();
    for (std::size_t q = 0; q < references.size(); q += 4)
      for (int l = 0; l < config_.attention.levels; ++l)
        cross.layer.reference.insert(cross.layer.reference.end(), &references[q], &references[q] + 4);
    cross.layer.stream.reference_stride = box_row_beats(config_) * beat_bytes(config_.memory);
    cross.queries = cross.outputs = target_name, cross.positions = "decoder.position";
    cross.sources = memory_name, cross.references = boxes_name;
    target_ = add(name + ".norm1", std::move(cross)).written();

    target_ = mlp_and_norm(name + ".ffn", layer.ffn, layer.norm3, target_name, target_, {}, nullptr);
    const bool last = index + 1 == net_.decoder.size();
    const auto classes = [&] {
      p_.detections.logits =
          project(name + ".classes", layer.classes, {target_name, target_, &layer.classes_operand}, "classes");
    };
    // The boxes of all but the last layer come last, since the host's step stands behind them.
    if (last) refine_boxes(name + ".box", layer.box, {target_name, target_, &layer.box.operand}), classes();
    else classes(), refine_boxes(name + ".box", layer.box, {target_name, target_, &layer.box.operand});
  }

  void self_attend(const std::string& name, const DecoderLayer& layer, const Integers& position) {
    const Input with_position{target_name, target_, &layer.self_query, "decoder.position", &position},
        alone{target_name, target_, &layer.self_source};
    const auto q = project(name + ".q", layer.query, with_position, "self.q"),
               k = project(name + ".k", layer.key, with_position, "self.k"),
               v = project(name + ".v", layer.value, alone, "self.v");
    const auto heads = run_self_attention(layer.self, q, k, v, static_cast<std::size_t>(net_.channels));
    tensor("self.heads", net_.queries, net_.channels);
    ProgramSelfAttention work{layer.self, q, k, v, heads, "self.q", "self.k", "self.v", "self.heads"};
    if (net_.queries <= config_.network.self_attention) {
      p_.jobs.push_back({name + ".heads", std::move(work)});
    } else {
      p_.jobs.back().host_step = HostStep::self_attention;
      p_.self_attention.push_back(std::move(work));
    }
    const Input in{"self.heads", heads};
    auto output = dense(layer.output, in);
    output.stream.norm = layer.norm2, output.stream.residual = target_;
    target_ = add(name + ".output", std::move(output), in, target_name);
  }

  Integers box_references() const {
    Integers result;
    for (const auto logit : boxes_) result.push_back(box_reference(logit));
    return result;
  }

  const Network& net_;
  const Config& config_;
  const Numerics& n_;
  Program p_ = {};
  std::vector<int> list_ = {};
  std::vector<std::uint8_t> mask_ = {};  ///< that the last layer has passed on, and its name
  std::string mask_name_ = {};
  Integers memory_ = {}, target_ = {}, boxes_ = {};
};

}  // namespace

Program make_program(const Network& network, const Config& config, const Integers& source) {
  return Builder(network, config).make(source);
}

}  // namespace quillgen::model
