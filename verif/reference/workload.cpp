#include "reference/workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/error.hpp"
#include "reference/safetensors.hpp"

namespace quillgen {
namespace {

/// The largest level side that is read at all; keeps every product of shapes far from overflow.
constexpr int max_side = 1 << 14;

/// Numbers beyond those of F32 would only overflow later, far from their cause.
constexpr double max_magnitude = 3.5e38;

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  [[noreturn]] void refuse(const std::string& problem) const {
    throw UserError(fmt::format("{}: {}", file_.file(), problem));
  }

  bool has(const std::string& name) const { return file_.has(name); }
  Tensor any(const std::string& name) const { return file_.tensor(name); }

  /// A positive number of the metadata.
  int dimension(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end())
      refuse(fmt::format(
          "metadata {} is missing; pass metadata with d_model, n_heads, n_levels and n_points to save_file", key));
    const auto& text = found->second;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 1 << 20)
      refuse(fmt::format("metadata {} must be a whole number from 1 to {}; correct it", key, 1 << 20));
    return value;
  }

  /// The numbers of tensor `name`, whose shape must be `shape`.
  std::vector<double> numbers(const std::string& name, const std::vector<std::int64_t>& shape) const {
    auto tensor = file_.tensor(name);
    if (tensor.shape != shape)
      refuse(fmt::format("tensor {}: shape [{}], expected [{}] from the metadata and the other tensors", name,
                         fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
    for (const double x : tensor.data)
      if (std::abs(x) > max_magnitude)
        refuse(fmt::format("tensor {}: {} is too large; numbers must lie within the range of F32", name, x));
    return std::move(tensor.data);
  }

 private:
  Safetensors file_;
};

std::vector<model::LevelShape> read_levels(const Reader& in, int levels) {
  const auto numbers = in.numbers("spatial_shapes", {levels, 2});
  std::vector<model::LevelShape> shapes;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    const double height = numbers[i], width = numbers[i + 1];
    for (const double side : {height, width})
      if (side < 1 || side > max_side || side != std::floor(side))
        in.refuse(fmt::format("tensor spatial_shapes: side {} must be a whole number from 1 to {}", side, max_side));
    shapes.push_back({static_cast<int>(height), static_cast<int>(width)});
  }
  return shapes;
}

int count_tokens(const Reader& in, const std::vector<model::LevelShape>& shapes) {
  std::int64_t tokens = 0;
  for (const auto& s : shapes) tokens += std::int64_t{s.height} * s.width;
  if (tokens > 1 << 30) in.refuse(fmt::format("tensor spatial_shapes: {} pixels are more than are supported", tokens));
  return static_cast<int>(tokens);
}

/// Lq, from the rows of the query tensor.
int count_queries(const Reader& in) {
  const auto shape = in.any("query").shape;
  if (shape.size() != 2)
    in.refuse(fmt::format("tensor query: shape [{}], expected [Lq, C]; export one image, without the batch dimension",
                          fmt::join(shape, ", ")));
  if (shape[0] < 1 || shape[0] > 1 << 24)
    in.refuse(fmt::format("tensor query: {} rows; must be 1 to {}", shape[0], 1 << 24));
  return static_cast<int>(shape[0]);
}

/// Whether the references are boxes, by their last dimension.
bool are_boxes(const Reader& in) {
  const auto shape = in.any("reference_points").shape;
  return !shape.empty() && shape.back() == 4;
}

std::vector<std::uint8_t> read_padding(const Reader& in, int tokens) {
  std::vector<std::uint8_t> mask;
  if (!in.has("input_padding_mask")) return mask;
  for (const double x : in.numbers("input_padding_mask", {tokens})) {
    if (x != 0 && x != 1) in.refuse(fmt::format("tensor input_padding_mask: {} must be 0 or 1 (BOOL)", x));
    mask.push_back(x != 0);
  }
  return mask;
}

/// Which queries are wanted; empty without such a list.
std::vector<int> read_index_list(const Reader& in, int queries) {
  std::vector<int> list;
  if (!in.has("query_indices")) return list;
  const auto tensor = in.any("query_indices");
  if (tensor.shape.size() != 1 || tensor.data.empty())
    in.refuse(fmt::format("tensor query_indices: shape [{}], expected [N], N from 1: the numbers of the queries wanted",
                          fmt::join(tensor.shape, ", ")));
  for (const double x : tensor.data) {
    if (x != std::floor(x) || x < 0 || x >= queries)
      in.refuse(
          fmt::format("tensor query_indices: {} must be a whole number from 0 to {}, a row of query", x, queries - 1));
    list.push_back(static_cast<int>(x));
  }
  return list;
}

void check_equal(const Workload& w, std::string_view path, int in_workload, int in_config) {
  if (in_workload == in_config) return;
  throw UserError(fmt::format(
      "{}: {} is {} in the workload and {} in the configuration; both must be equal; use --set {}={} or another "
      "workload",
      w.file, path, in_workload, in_config, path, in_workload));
}

void check_at_most(const Workload& w, std::string_view what, std::string_view path, int in_workload, int in_config) {
  if (in_workload <= in_config) return;
  throw UserError(fmt::format("{}: {} of {} exceeds {} = {}; raise it with --set {}={} or use a smaller workload",
                              w.file, what, in_workload, path, in_config, path, in_workload));
}

}  // namespace

Workload load_workload(const std::string& file) {
  const Reader in(file);
  Workload w;
  w.file = file;
  w.embed_dim = in.dimension("d_model");
  w.heads = in.dimension("n_heads");
  w.levels = in.dimension("n_levels");
  w.points = in.dimension("n_points");
  if (w.embed_dim % w.heads != 0)
    in.refuse(
        fmt::format("metadata d_model = {} must be a multiple of n_heads = {}; correct them", w.embed_dim, w.heads));

  w.level_shapes = read_levels(in, w.levels);
  w.tokens = count_tokens(in, w.level_shapes);
  w.queries = count_queries(in);
  const std::int64_t c = w.embed_dim, samples = std::int64_t{w.heads} * w.levels * w.points;
  w.query = in.numbers("query", {w.queries, c});
  w.boxes = are_boxes(in);
  w.reference_points = in.numbers("reference_points", {w.queries, w.levels, w.boxes ? 4 : 2});
  for (std::size_t i = 0; w.boxes && i < w.reference_points.size(); ++i)
    if (i % 4 >= 2 && (w.reference_points[i] < 0 || w.reference_points[i] >= 2))
      in.refuse(
          fmt::format("tensor reference_points: size {} of a box must be from 0 to below 2, 1 being the whole level",
                      w.reference_points[i]));
  w.padding = read_padding(in, w.tokens);
  w.index_list = read_index_list(in, w.queries);
  w.source = in.numbers("input_flatten", {w.tokens, c});
  w.value_weight = in.numbers("value_proj.weight", {c, c});
  w.value_bias = in.numbers("value_proj.bias", {c});
  w.offset_weight = in.numbers("sampling_offsets.weight", {samples * 2, c});
  w.offset_bias = in.numbers("sampling_offsets.bias", {samples * 2});
  w.logit_weight = in.numbers("attention_weights.weight", {samples, c});
  w.logit_bias = in.numbers("attention_weights.bias", {samples});
  w.output_weight = in.numbers("output_proj.weight", {c, c});
  w.output_bias = in.numbers("output_proj.bias", {c});
  return w;
}

void check_fits(const Workload& w, const Config& config) {
  const auto& a = config.attention;
  check_equal(w, "attention.embed_dim", w.embed_dim, a.embed_dim);
  check_equal(w, "attention.heads", w.heads, a.heads);
  check_equal(w, "attention.levels", w.levels, a.levels);
  check_equal(w, "attention.points", w.points, a.points);
  for (const auto& s : w.level_shapes) {
    check_at_most(w, "a level width", "attention.max_width", s.width, a.max_width);
    check_at_most(w, "a level height", "attention.max_height", s.height, a.max_height);
  }
  check_at_most(w, "a number of queries", "attention.max_queries", w.queries, a.max_queries);
  check_at_most(w, "a length of query_indices", "attention.max_queries", static_cast<int>(w.index_list.size()),
                a.max_queries);
  check_at_most(w, "a number of tokens", "attention.max_tokens", w.tokens, a.max_tokens);
}

}  // namespace quillgen
