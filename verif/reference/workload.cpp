#include "reference/workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "reference/safetensors.hpp"
#include "reference/shape_hint.hpp"
#include "reference/workload_names.hpp"

namespace quillgen {
namespace {

/// The largest level side that is read at all; keeps every product of shapes far from overflow.
constexpr int max_side = 1 << 14;

constexpr int max_queries = 1 << 24;

/// Numbers beyond those of F32 would only overflow later, far from their cause.
constexpr double max_magnitude = 3.5e38;

/// A quarter of the references so far from the map is no layer's habit.
constexpr double far_references = 0.25;
/// Where an image is padded to four times its side, its references end here.
constexpr double largest_reference = 4;

/// A file, and the words of a refusal.
class Reader {
 public:
  explicit Reader(const Safetensors& file) : file_(file) {}

  [[noreturn]] void refuse(const std::string& problem) const {
    throw UserError(fmt::format("{}: {}", file_.file(), problem));
  }

  bool has(const std::string& name) const { return file_.has(name); }
  const TensorShape& shape(const std::string& name) const { return file_.shape(name); }

  /// A positive number of the metadata.
  int dimension(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end())
      refuse(fmt::format(
          "metadata {} is missing; pass metadata with d_model, n_heads, n_levels and n_points to save_file", key));
    const auto& text = found->second;
    if (text.starts_with("["))
      refuse(
          fmt::format("metadata {} = {}: a list is not supported; give each level the largest number of points, and "
                      "those that are added weights of 0 and a bias of -1000 in attention_weights",
                      key, shown(text)));
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 1 << 20)
      refuse(fmt::format("metadata {} must be a whole number from 1 to {}; correct it", key, 1 << 20));
    return value;
  }

  void check_shape(const std::string& name, const TensorShape& expected) const {
    if (const auto& got = shape(name); got != expected)
      refuse(fmt::format("tensor {}: shape [{}], expected [{}] from the metadata and the other tensors{}", name,
                         fmt::join(got, ", "), fmt::join(expected, ", "), shape_hint(got, expected)));
  }

  std::vector<double> numbers(const std::string& name) const {
    auto tensor = file_.tensor(name);
    for (const double x : tensor.data)
      if (std::abs(x) > max_magnitude)
        refuse(fmt::format("tensor {}: {} is too large; numbers must lie within the range of F32", name, x));
    return std::move(tensor.data);
  }

 private:
  const Safetensors& file_;
};

std::vector<model::LevelShape> read_levels(const Reader& in, int levels) {
  in.check_shape("spatial_shapes", {levels, 2});
  const auto numbers = in.numbers("spatial_shapes");
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
  const auto& shape = in.shape("query");
  if (shape.size() != 2)
    in.refuse(fmt::format("tensor query: shape [{}], expected [Lq, C]; export one image, without the batch dimension",
                          fmt::join(shape, ", ")));
  if (shape[0] < 1 || shape[0] > max_queries)
    in.refuse(fmt::format("tensor query: {} rows; must be 1 to {}", shape[0], max_queries));
  return static_cast<int>(shape[0]);
}

/// Whether the references are boxes, by their last dimension.
bool are_boxes(const Reader& in) {
  const auto& shape = in.shape("reference_points");
  return !shape.empty() && shape.back() == 4;
}

/// Which queries are wanted; empty without such a list.
std::vector<int> read_index_list(const Reader& in, int queries) {
  std::vector<int> list;
  if (!in.has("query_indices")) return list;
  const auto& shape = in.shape("query_indices");
  if (shape.size() != 1 || shape[0] < 1 || shape[0] > max_queries)
    in.refuse(fmt::format("tensor query_indices: shape [{}], expected [N], N from 1: the numbers of the queries wanted",
                          fmt::join(shape, ", ")));
  for (const double x : in.numbers("query_indices")) {
    if (x != std::floor(x) || x < 0 || x >= queries)
      in.refuse(
          fmt::format("tensor query_indices: {} must be a whole number from 0 to {}, a row of query", x, queries - 1));
    list.push_back(static_cast<int>(x));
  }
  return list;
}

void check_shapes(const Reader& in, const Workload& w) {
  const std::int64_t c = w.embed_dim, samples = std::int64_t{w.heads} * w.levels * w.points;
  in.check_shape("query", {w.queries, c});
  in.check_shape("reference_points", {w.queries, w.levels, w.boxes ? 4 : 2});
  if (in.has("input_padding_mask")) in.check_shape("input_padding_mask", {w.tokens});
  in.check_shape("input_flatten", {w.tokens, c});
  for (const auto& [name, outputs] : {std::pair("value_proj", c),
                                      {"sampling_offsets", samples * 2},
                                      {"attention_weights", samples},
                                      {"output_proj", c}}) {
    in.check_shape(fmt::format("{}.weight", name), {outputs, c});
    in.check_shape(fmt::format("{}.bias", name), {outputs});
  }
  if (in.has("expected_output")) in.check_shape("expected_output", {w.queries, c});
}

std::vector<std::uint8_t> read_padding(const Reader& in) {
  std::vector<std::uint8_t> mask;
  if (!in.has("input_padding_mask")) return mask;
  for (const double x : in.numbers("input_padding_mask")) {
    if (x != 0 && x != 1) in.refuse(fmt::format("tensor input_padding_mask: {} must be 0 or 1 (BOOL)", x));
    mask.push_back(x != 0);
  }
  return mask;
}

/// Places and sizes of the references of queries that are wanted must be such as shares of a level are.
void check_references(const Reader& in, const Workload& w) {
  const std::size_t size = w.boxes ? 4 : 2, row = size * static_cast<std::size_t>(w.levels);
  for (std::size_t i = 0; w.boxes && i < w.reference_points.size(); ++i)
    if (i % 4 >= 2 && (w.reference_points[i] < 0 || w.reference_points[i] >= 2))
      in.refuse(
          fmt::format("tensor reference_points: size {} of a box must be from 0 to below 2, 1 being the whole level; "
                      "is it one before a sigmoid, or in pixels?",
                      w.reference_points[i]));
  std::size_t all = 0, negative = 0, far = 0;
  double least = 0, most = 0;
  for (const int query : w.wanted())
    for (std::size_t i = 0; i < row; ++i) {
      if (i % size >= 2) continue;
      const double x = w.reference_points[static_cast<std::size_t>(query) * row + i];
      ++all;
      if (x < 0) ++negative;
      if (x > largest_reference) ++far;
      least = std::min(least, x), most = std::max(most, x);
    }
  const auto many = [&](std::size_t count) {
    return static_cast<double>(count) > far_references * static_cast<double>(all);
  };
  if (many(far))
    in.refuse(
        fmt::format("tensor reference_points: {} of {} coordinates lie above {}, up to {}; they must be shares of "
                    "a level, 0 to 1, and look like pixels: divide them by width and height",
                    far, all, largest_reference, most));
  if (many(negative))
    in.refuse(
        fmt::format("tensor reference_points: {} of {} coordinates lie below 0, down to {}; they must be shares of "
                    "a level, 0 to 1, and look as before a sigmoid, or from -1 to 1: give them as 0 to 1",
                    negative, all, least));
}

void check_equal(const Workload& w, std::string_view path, int in_workload, int in_config) {
  if (in_workload == in_config) return;
  throw UserError(fmt::format(
      "{}: {} is {} in the workload and {} in the configuration; both must be equal; take all dimensions from the "
      "workload with --fit, or use --set {}={} or another workload",
      w.file, path, in_workload, in_config, path, in_workload));
}

void check_at_most(const Workload& w, std::string_view what, std::string_view path, int in_workload, int in_config) {
  if (in_workload <= in_config) return;
  throw UserError(fmt::format("{}: {} of {} exceeds {} = {}; raise it with --set {}={} or use a smaller workload",
                              w.file, what, in_workload, path, in_config, path, in_workload));
}

}  // namespace

WorkloadFile::WorkloadFile(const std::string& file) : file_(file) {
  const Reader in(file_);
  auto& w = shape_;
  w.file = file;
  if (const auto problem = metadata_problem(file_.metadata()); !problem.empty()) in.refuse(problem);
  w.embed_dim = in.dimension("d_model");
  w.heads = in.dimension("n_heads");
  w.levels = in.dimension("n_levels");
  w.points = in.dimension("n_points");
  if (w.embed_dim % w.heads != 0)
    in.refuse(
        fmt::format("metadata d_model = {} must be a multiple of n_heads = {}; correct them", w.embed_dim, w.heads));
  if (const auto problem = tensor_problem(file_.names()); !problem.empty()) in.refuse(problem);
  w.level_shapes = read_levels(in, w.levels);
  w.tokens = count_tokens(in, w.level_shapes);
  w.queries = count_queries(in);
  w.boxes = are_boxes(in);
  check_shapes(in, w);
  w.index_list = read_index_list(in, w.queries);
}

Workload WorkloadFile::load() const {
  const Reader in(file_);
  auto w = shape_;
  w.query = in.numbers("query");
  w.reference_points = in.numbers("reference_points");
  check_references(in, w);
  w.padding = read_padding(in);
  w.source = in.numbers("input_flatten");
  w.value_weight = in.numbers("value_proj.weight");
  w.value_bias = in.numbers("value_proj.bias");
  w.offset_weight = in.numbers("sampling_offsets.weight");
  w.offset_bias = in.numbers("sampling_offsets.bias");
  w.logit_weight = in.numbers("attention_weights.weight");
  w.logit_bias = in.numbers("attention_weights.bias");
  w.output_weight = in.numbers("output_proj.weight");
  w.output_bias = in.numbers("output_proj.bias");
  if (in.has("expected_output")) w.expected_output = in.numbers("expected_output");
  return w;
}

std::vector<int> Workload::wanted() const {
  if (!index_list.empty()) return index_list;
  std::vector<int> all(static_cast<std::size_t>(queries));
  std::iota(all.begin(), all.end(), 0);
  return all;
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
