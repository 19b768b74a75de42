// Reader of networks.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <set>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/nearest.hpp"
#include "network/network.hpp"
#include "reference/layer_metadata.hpp"
#include "reference/shape_hint.hpp"

namespace quillgen::network {
namespace {

struct ActivationName {
  std::string_view name;
  model::Function function;
};
constexpr ActivationName activation_names[] = {
    {"relu", model::Function::relu}, {"gelu", model::Function::gelu}, {"silu", model::Function::silu}};

const std::vector<std::string> known_keys = {
    "d_model", "n_heads",    "n_levels", "n_points", "ffn",          "encoder_layers", "decoder_layers", "queries",
    "classes", "activation", "norm_eps", "keep",     "prune_points", "prune_pixels",   "range"};

/// Takes tensors out of a file, every one once, and hashes what it takes.
class NetworkReader {
 public:
  explicit NetworkReader(const std::string& file) : file_(file) {}

  Network read() {
    Network n;
    n.file = file_.file();
    n.channels = number("d_model", 4, 1024), n.heads = number("n_heads", 1, 64), n.levels = number("n_levels", 1, 16);
    n.points = number("n_points", 1, 64), n.hidden = number("ffn", 1, 65536), n.queries = number("queries", 1, 1024);
    n.classes = number("classes", 1, 1024), n.norm_epsilon = share("norm_eps", 0, 1), n.keep = 1;
    if (file_.metadata().contains("keep")) n.keep = share("keep", 0, 1);
    n.activation = activation();
    n.pruning = pruning(n.levels);
    for (const auto& [key, value] : file_.metadata())
      if (!is_free_text(key) && std::ranges::find(known_keys, key) == known_keys.end())
        refuse(
            fmt::format("metadata {}: is not known, and would be ignored; the nearest that is known is {}; rename it, "
                        "or leave it out (keys that begin with x_ are free)",
                        shown(key), nearest(key, known_keys, 1).front()));
    for (const auto& key : known_keys)  // in this order, whatever the file has
      if (file_.metadata().contains(key))
        for (const char c : key + "=" + text(key) + ";") add_to_hash(static_cast<std::uint8_t>(c));
    if (n.channels % n.heads != 0) refuse("metadata d_model: must be a multiple of n_heads");
    places(n);
    for (int i = 0; i < number("encoder_layers", 1, 64); ++i)
      n.encoder.push_back(encoder_layer(n, fmt::format("encoder.layers.{}.", i)));
    for (int i = 0; i < number("decoder_layers", 1, 64); ++i) n.decoder.push_back(decoder_layer(n, i));
    n.proposal = linear("enc_class_embed", n.classes, n.channels);
    n.proposal_box = mlp("enc_bbox_embed.layers.0", "enc_bbox_embed.layers.1", n.channels, n.channels, 4);
    n.content = linear("query_content", n.channels, n.channels);
    n.query_position = linear("query_pos", n.channels, 128);
    if (n.keep < 1) n.score = linear("score", 1, n.channels);
    if (n.queries > n.tokens()) refuse("metadata queries: more than there are tokens");
    for (const auto& name : file_.names())
      if (!taken_.contains(name) && !name.starts_with("x_"))
        refuse(fmt::format("tensor {}: is not known, and would be ignored; leave it out, or let its name begin with x_",
                           shown(name)));
    n.fingerprint = fmt::format("{:016x}", hash_);
    return n;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw UserError(fmt::format("{}: {}", file_.file(), problem));
  }
  const std::string& text(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) refuse(fmt::format("metadata {}: must be given; add it", key));
    return found->second;
  }
  int number(const std::string& key, int min, int max) const {
    const auto& value = text(key);
    int result = 0;
    const auto end = std::from_chars(value.data(), value.data() + value.size(), result);
    if (end.ec != std::errc() || end.ptr != value.data() + value.size() || result < min || result > max)
      refuse(fmt::format("metadata {} = {}: must be a whole number, {} .. {}", key, shown(value), min, max));
    return result;
  }
  /// Above `low`, at most `high`.
  double share(const std::string& key, double low, double high) const {
    const auto& value = text(key);
    double result = 0;
    const auto end = std::from_chars(value.data(), value.data() + value.size(), result);
    if (end.ec != std::errc() || end.ptr != value.data() + value.size() || !(result > low && result <= high))
      refuse(fmt::format("metadata {} = {}: must be a number above {}, at most {}", key, shown(value), low, high));
    return result;
  }

  model::Function activation() const {
    const auto& name = text("activation");
    const auto found = std::ranges::find(activation_names, name, &ActivationName::name);
    if (found == std::end(activation_names))
      refuse(fmt::format("metadata activation = {}: must be relu, gelu or silu; the hardware has no other for an FFN",
                         shown(name)));
    return found->function;
  }

  Pruning pruning(int levels) const {
    const auto metadata_share = [&](const char* key, double most) {
      if (!file_.metadata().contains(key)) return 0.0;
      const auto value = parse_share(text(key), most);
      if (!value) refuse(fmt::format("metadata {} = {}: must be a number, 0 .. {}", key, shown(text(key)), most));
      return *value;
    };
    Pruning p{metadata_share("prune_points", most_points), metadata_share("prune_pixels", most_pixels), {}};
    if (!file_.metadata().contains("range")) return p;
    const auto range = parse_range(text("range"), levels);
    if (!range)
      refuse(
          fmt::format("metadata range = {}: must be off, or a whole number of pixels, 0 .. {}, for each of the {} "
                      "levels, with commas between",
                      shown(text("range")), model::largest_range, levels));
    p.range = *range;
    return p;
  }

  void add_to_hash(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 0x100000001b3u; }

  Values take(const std::string& name, const std::vector<std::int64_t>& shape) {
    if (!file_.has(name)) refuse(fmt::format("tensor {} [{}]: is missing; export it", name, fmt::join(shape, ", ")));
    if (file_.shape(name) != shape)
      refuse(fmt::format("tensor {} [{}]: must be [{}]{}", name, fmt::join(file_.shape(name), ", "),
                         fmt::join(shape, ", "), shape_hint(file_.shape(name), shape)));
    taken_.insert(name);
    auto data = file_.tensor(name).data;
    for (const double x : data) {
      const auto bits = std::bit_cast<std::uint64_t>(x);
      for (int byte = 0; byte < 8; ++byte) add_to_hash(static_cast<std::uint8_t>(bits >> (8 * byte)));
    }
    return data;
  }
  Linear linear(const std::string& name, int outputs, int inputs) {
    auto weight = take(name + ".weight", {outputs, inputs});
    return {std::move(weight), take(name + ".bias", {outputs})};
  }
  Mlp mlp(const std::string& first, const std::string& second, int inputs, int hidden, int outputs) {
    auto layer = linear(first, hidden, inputs);
    return {std::move(layer), linear(second, outputs, hidden)};
  }
  Norm norm(const Network& n, const std::string& name) {
    auto gamma = take(name + ".weight", {n.channels});
    return {std::move(gamma), take(name + ".bias", {n.channels})};
  }
  DeformableAttention attention(const Network& n, const std::string& name) {
    const int samples = n.heads * n.levels * n.points;
    DeformableAttention a;
    a.offsets = linear(name + "sampling_offsets", 2 * samples, n.channels);
    a.logits = linear(name + "attention_weights", samples, n.channels);
    a.value = linear(name + "value_proj", n.channels, n.channels);
    a.output = linear(name + "output_proj", n.channels, n.channels);
    return a;
  }
  EncoderLayer encoder_layer(const Network& n, const std::string& name) {
    EncoderLayer layer;
    layer.attention = attention(n, name + "self_attn.");
    layer.norm1 = norm(n, name + "norm1"), layer.norm2 = norm(n, name + "norm2");
    layer.ffn = mlp(name + "linear1", name + "linear2", n.channels, n.hidden, n.channels);
    return layer;
  }
  DecoderLayer decoder_layer(const Network& n, int index) {
    const auto name = fmt::format("decoder.layers.{}.", index);
    DecoderLayer layer;
    const auto weight = take(name + "self_attn.in_proj_weight", {3 * n.channels, n.channels});
    const auto bias = take(name + "self_attn.in_proj_bias", {3 * n.channels});
    const auto third = [&](int i) {
      const auto rows = [&](const Values& v) {
        const auto size = static_cast<std::ptrdiff_t>(v.size() / 3);
        return Values(v.begin() + i * size, v.begin() + (i + 1) * size);
      };
      return Linear{rows(weight), rows(bias)};
    };
    layer.query = third(0), layer.key = third(1), layer.value = third(2);
    layer.output = linear(name + "self_attn.out_proj", n.channels, n.channels);
    layer.cross = attention(n, name + "cross_attn.");
    layer.norm1 = norm(n, name + "norm1"), layer.norm2 = norm(n, name + "norm2"), layer.norm3 = norm(n, name + "norm3");
    layer.ffn = mlp(name + "linear1", name + "linear2", n.channels, n.hidden, n.channels);
    const auto box = fmt::format("bbox_embed.{}.layers.", index);
    layer.box = mlp(box + "0", box + "1", n.channels, n.channels, 4);
    layer.classes = linear(fmt::format("class_embed.{}", index), n.classes, n.channels);
    return layer;
  }

  void places(Network& n) {
    const auto shapes = take("spatial_shapes", {n.levels, 2});
    std::int64_t tokens = 0;
    for (std::size_t l = 0; l < shapes.size(); l += 2) {
      const double height = shapes[l], width = shapes[l + 1];
      if (!(height >= 1 && height <= 1024 && width >= 1 && width <= 1024 && height == std::floor(height) &&
            width == std::floor(width)))
        refuse(fmt::format("tensor spatial_shapes, level {}: {} x {}: sides must be whole, 1 .. 1024", l / 2, height,
                           width));
      n.level_shapes.push_back({static_cast<int>(height), static_cast<int>(width)});
      tokens += static_cast<std::int64_t>(height) * static_cast<std::int64_t>(width);
    }
    n.position = take("pos", {tokens, n.channels});
    n.references = take("reference_points", {tokens, 2});
    n.anchors = take("anchors", {tokens, 4});
  }

  Safetensors file_;
  std::set<std::string> taken_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;  ///< FNV-1a
};

}  // namespace

int Network::listed() const { return std::max(1, static_cast<int>(std::floor(keep * tokens() + 0.5))); }

Network load_network(const std::string& file) { return NetworkReader(file).read(); }

}  // namespace quillgen::network
