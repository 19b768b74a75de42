#include "reference/workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "config/error.hpp"
#include "reference/safetensors.hpp"
#include "reference/shape_hint.hpp"
#include "reference/variants.hpp"
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

/// Whether the maps have a length and no height, [L] or [L, 1].
bool are_lines(const Reader& in, int levels) {
  const auto& shape = in.shape("spatial_shapes");
  return shape == TensorShape{levels} || shape == TensorShape{levels, 1};
}

std::vector<model::LevelShape> read_levels(const Reader& in, int levels, bool lines) {
  if (!lines) in.check_shape("spatial_shapes", {levels, 2});
  const auto numbers = in.numbers("spatial_shapes");
  const std::size_t sides = lines ? 1 : 2;
  std::vector<model::LevelShape> shapes;
  for (std::size_t i = 0; i < numbers.size(); i += sides) {
    const double height = lines ? 1 : numbers[i], width = numbers[i + sides - 1];
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

/// How the references lie. A batch dimension in front of a single query would look like anchors behind it.
ReferenceShape read_reference_shape(const Reader& in, const LayerMetadata& m, int queries, bool lines) {
  const std::string name = "reference_points";
  const auto& shape = in.shape(name);
  ReferenceShape as;
  if (!reference_shape(shape, queries, m.levels, m.references_per_point, lines, as)) {
    const int numbers = lines ? 1 : 2;
    in.check_shape(name, {queries, m.levels, !shape.empty() && shape.back() == 2 * numbers ? 2 * numbers : numbers});
  }
  if (as.anchors == 1) return as;
  if (queries == 1 && shape.size() == 4 && !m.references_per_point)
    in.refuse(
        fmt::format("tensor {}: shape [{}] of a single query: export one image, without the batch dimension, as "
                    "x[0], or say references_per = point if there are {} references of a level",
                    name, fmt::join(shape, ", "), as.anchors));
  const int most = std::ranges::max(m.level_points);
  if (as.anchors > most)
    in.refuse(
        fmt::format("tensor {}: {} references of a level, and {} points at most; leave out those that no point "
                    "is measured from",
                    name, as.anchors, most));
  return as;
}

/// Whether the layer has a projection: weight and bias, one of which alone is a mistake. A layer without must say so,
/// or hold `expected_output`, which would tell.
bool has_projection(const Reader& in, const std::string& name, bool said_none) {
  const bool has = in.has(name + ".weight") || in.has(name + ".bias");
  if (has && said_none)
    in.refuse(fmt::format("metadata {} = none, and the tensors of {} are there; leave one of the two out", name, name));
  if (!has && !said_none && !in.has("expected_output"))
    in.refuse(
        fmt::format("tensor {}.weight is missing; add it, or if the layer has no such projection say so with "
                    "metadata {} = none",
                    name, name));
  return has;
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

void check_shapes(const Reader& in, const Workload& w, bool lines) {
  const std::int64_t c = w.embed_dim, samples = std::int64_t{w.heads} * w.samples_per_head();
  in.check_shape("query", {w.queries, c});
  if (in.has("input_padding_mask")) in.check_shape("input_padding_mask", {w.tokens});
  in.check_shape("input_flatten", {w.tokens, c});
  for (const auto& [name, outputs] : {std::pair("value_proj", c),
                                      {"sampling_offsets", lines ? samples : samples * 2},
                                      {"attention_weights", samples},
                                      {"output_proj", c}}) {
    const bool needed = outputs != c || name == std::string_view("sampling_offsets");
    if (!needed && !in.has(fmt::format("{}.weight", name)) && !in.has(fmt::format("{}.bias", name))) continue;
    in.check_shape(fmt::format("{}.weight", name), {outputs, c});
    in.check_shape(fmt::format("{}.bias", name), {outputs});
  }
  if (in.has("expected_output")) in.check_shape("expected_output", {w.queries, c});
}

std::vector<std::uint8_t> read_padding(const Reader& in, bool of_valid) {
  std::vector<std::uint8_t> mask;
  if (!in.has("input_padding_mask")) return mask;
  for (const double x : in.numbers("input_padding_mask")) {
    if (x != 0 && x != 1) in.refuse(fmt::format("tensor input_padding_mask: {} must be 0 or 1", x));
    mask.push_back((x != 0) != of_valid);
  }
  return mask;
}

/// Places and sizes of the references of queries that are wanted must be such as shares of a level are.
void check_references(const Reader& in, const Workload& w) {
  const std::size_t size = w.boxes ? 4 : 2, row = size * static_cast<std::size_t>(w.levels * w.anchors);
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
  try {
    metadata_ = layer_metadata(file_.metadata());
  } catch (const UserError& e) {
    in.refuse(e.what());
  }
  w.embed_dim = metadata_.embed_dim, w.heads = metadata_.heads, w.levels = metadata_.levels;
  w.points = std::ranges::max(metadata_.level_points);
  if (std::ranges::min(metadata_.level_points) != w.points) w.level_points = metadata_.level_points;
  if (const auto problem = tensor_problem(file_.names()); !problem.empty()) in.refuse(problem);
  lines_ = are_lines(in, w.levels);
  w.level_shapes = read_levels(in, w.levels, lines_);
  w.tokens = count_tokens(in, w.level_shapes);
  w.queries = count_queries(in);
  const auto references = read_reference_shape(in, metadata_, w.queries, lines_);
  w.anchors = references.anchors;
  w.boxes = references.numbers == (lines_ ? 2 : 4);
  w.masked = in.has("input_padding_mask");
  w.source_is_map = !has_projection(in, "value_proj", metadata_.no_value_proj);
  const bool output_proj = has_projection(in, "output_proj", metadata_.no_output_proj);
  check_shapes(in, w, lines_);
  w.index_list = read_index_list(in, w.queries);
  w.variants = variants_of(metadata_, references, w, lines_, output_proj);
}

Workload WorkloadFile::load() const {
  const Reader in(file_);
  auto w = shape_;
  const auto channels = static_cast<std::size_t>(w.embed_dim);
  w.query = in.numbers("query");
  ReferenceShape references;
  reference_shape(in.shape("reference_points"), w.queries, w.levels, metadata_.references_per_point, lines_,
                  references);
  w.reference_points = spread_references(in.numbers("reference_points"), references, w.levels, lines_);
  check_references(in, w);
  if (w.masked) w.padding = read_padding(in, metadata_.mask_of_valid);
  w.source = in.numbers("input_flatten");
  if (!w.source_is_map) w.value_weight = in.numbers("value_proj.weight"), w.value_bias = in.numbers("value_proj.bias");
  w.offset_weight = in.numbers("sampling_offsets.weight");
  w.offset_bias = in.numbers("sampling_offsets.bias");
  if (lines_)
    w.offset_weight = with_rows_of_y(w.offset_weight, channels), w.offset_bias = with_rows_of_y(w.offset_bias, 1);
  scale_offsets(w, metadata_);
  w.logit_weight = in.numbers("attention_weights.weight");
  w.logit_bias = in.numbers("attention_weights.bias");
  if (in.has("output_proj.weight"))
    w.output_weight = in.numbers("output_proj.weight"), w.output_bias = in.numbers("output_proj.bias");
  else project_by_identity(w.output_weight, w.output_bias, w.embed_dim);
  if (in.has("expected_output")) w.expected_output = in.numbers("expected_output");
  return w;
}

int Workload::level_of(int n) const {
  if (level_points.empty()) return n / points;
  std::size_t level = 0;
  while (n >= level_points[level]) n -= level_points[level++];
  return static_cast<int>(level);
}

int Workload::samples_per_head() const {
  return level_points.empty() ? levels * points : std::accumulate(level_points.begin(), level_points.end(), 0);
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
  check_equal(w, "attention.anchors", w.anchors, a.anchors);
  for (int l = 0; l < w.levels; ++l) {
    const int own = w.points_of(static_cast<std::size_t>(l));
    if (own != a.points_of(l))
      throw UserError(fmt::format(
          "{}: level {} has {} points in the workload and {} in the configuration; both must be equal; take all "
          "dimensions from the workload with --fit, or use --set attention.level_points=[..] or another workload",
          w.file, l, own, a.points_of(l)));
  }
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
