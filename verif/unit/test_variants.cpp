// Variants of the operation: a file of each kind against its formula, written out for a single sample after another;
// what is refused; what is likely where expected_output says otherwise.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>

#include "reference/expected.hpp"
#include "reference/workload.hpp"
#include "refusal.hpp"
#include "workload_file.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

using Values = std::vector<double>;

/// A layer as an exporter has it, with what its module does with it.
struct Layer {
  int C = 8, M = 2, Lq = 5;
  std::vector<int> points = {2, 2, 2};
  std::vector<std::pair<int, int>> levels = {{5, 7}, {4, 3}, {2, 2}};  // height, width
  std::vector<std::int64_t> reference_shape = {5, 3, 2};
  bool line = false, value_proj = true, output_proj = true, mask = false;
  std::string mask_type = "BOOL";
  std::map<std::string, std::string> metadata = {};
  /// The reference of a query, level and point: its place in the tensor, without the numbers.
  std::function<int(int, int, int)> reference = [](int q, int l, int) { return q * 3 + l; };
  /// How far an offset moves a sample, as a share of the level of that side; `size`: of the box, or nothing.
  std::function<double(double, double, int, int)> move = [](double offset, double, int side, int) {
    return offset / side;
  };
  bool padded_is_one = true;

  int count() const { return std::accumulate(points.begin(), points.end(), 0); }
  int tokens() const {
    int sum = 0;
    for (const auto& [h, w] : levels) sum += h * w;
    return sum;
  }
};

struct File {
  TemporaryFile file;
  Values expected;  ///< [Lq, C]
};

Values numbers(std::mt19937& random, std::size_t count, double low, double high) {
  Values v(count);
  for (auto& x : v) x = static_cast<float>(low + (high - low) * static_cast<double>(random() % 4096) / 4096);
  return v;
}

std::string f32(const Values& v) { return bytes_of(std::vector<float>(v.begin(), v.end())); }

double dot(const Values& a, std::size_t at, const Values& b, std::size_t bt, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += a[at + std::size_t(i)] * b[bt + std::size_t(i)];
  return sum;
}

/// Writes the layer, its numbers drawn, with or without expected_output.
File write(const Layer& t, bool with_expected = true) {
  std::mt19937 random(7);
  const int C = t.C, M = t.M, D = C / M, P = t.count(), S = t.tokens(), axes = t.line ? 1 : 2;
  const auto size = [](auto... n) { return (std::size_t(n) * ...); };
  std::size_t references = 1;
  for (const auto side : t.reference_shape) references *= static_cast<std::size_t>(side);
  const int per_reference = static_cast<int>(t.reference_shape.back());
  const auto query = numbers(random, size(t.Lq, C), -1, 1), source = numbers(random, size(S, C), -1, 1),
             ref = numbers(random, references, 0.1, 0.9), ow = numbers(random, size(M, P, axes, C), -0.5, 0.5),
             ob = numbers(random, size(M, P, axes), -1, 1), aw = numbers(random, size(M, P, C), -1, 1),
             ab = numbers(random, size(M, P), -1, 1), vw = numbers(random, size(C, C), -1, 1),
             vb = numbers(random, size(C), -1, 1), pw = numbers(random, size(C, C), -1, 1),
             pb = numbers(random, size(C), -1, 1), mask = numbers(random, size(S), 0, 1);
  std::vector<std::uint8_t> ones;
  for (const double x : mask) ones.push_back(x < 0.3);

  // Sample after sample, with the file's own tensors.
  Values expected(size(t.Lq, C));
  for (int q = 0; q < t.Lq; ++q) {
    Values heads(std::size_t(C), 0.0);
    for (int m = 0; m < M; ++m) {
      Values weight(static_cast<std::size_t>(P));
      double sum = 0;
      for (int n = 0; n < P; ++n)
        sum += weight[std::size_t(n)] =
            std::exp(dot(query, size(q, C), aw, size(m * P + n, C), C) + ab[std::size_t(m * P + n)]);
      int n = 0, first = 0;
      for (int l = 0; l < int(t.levels.size()); ++l) {
        const auto [H, W] = t.levels[std::size_t(l)];
        for (int k = 0; k < t.points[std::size_t(l)]; ++k, ++n) {
          const auto r = size(t.reference(q, l, k), per_reference);
          const bool box = per_reference == 2 * axes;
          double at[2] = {0.5, 0.5};
          for (int axis = 0; axis < axes; ++axis) {
            const auto row = std::size_t((m * P + n) * axes + axis);
            const double offset = dot(query, size(q, C), ow, row * std::size_t(C), C) + ob[row];
            at[axis] = ref[r + std::size_t(axis)] +
                       t.move(offset, box ? ref[r + std::size_t(axes + axis)] : 0, axis == 0 ? W : H, l);
          }
          const double x = at[0] * W - 0.5, y = at[1] * H - 0.5;
          for (int j = 0; j < H; ++j)
            for (int i = 0; i < W; ++i) {
              const double part = std::max(0.0, 1 - std::abs(x - i)) * std::max(0.0, 1 - std::abs(y - j));
              const auto token = std::size_t(first + j * W + i);
              if (part == 0 || (t.mask && (ones[token] != 0) == t.padded_is_one)) continue;
              for (int d = 0; d < D; ++d) {
                const auto c = std::size_t(m * D + d);
                const double value = t.value_proj
                                         ? dot(source, token * std::size_t(C), vw, c * std::size_t(C), C) + vb[c]
                                         : source[token * std::size_t(C) + c];
                heads[c] += weight[std::size_t(n)] / sum * part * value;
              }
            }
        }
        first += H * W;
      }
    }
    for (int c = 0; c < C; ++c)
      expected[size(q, C) + std::size_t(c)] =
          t.output_proj ? dot(heads, 0, pw, size(c, C), C) + pb[std::size_t(c)] : heads[std::size_t(c)];
  }

  FileBuilder file;
  std::map<std::string, std::string> metadata = {{"d_model", std::to_string(C)},
                                                 {"n_heads", std::to_string(M)},
                                                 {"n_levels", std::to_string(t.levels.size())},
                                                 {"n_points", std::to_string(t.points.front())}};
  for (const auto& [key, value] : t.metadata) metadata[key] = value;
  for (const auto& [key, value] : metadata) file.metadata(key, value);
  std::vector<std::int64_t> shapes;
  for (const auto& [h, w] : t.levels) {
    if (!t.line) shapes.push_back(h);
    shapes.push_back(w);
  }
  const std::vector<std::int64_t> of_levels =
      t.line ? std::vector<std::int64_t>{int(t.levels.size())} : std::vector<std::int64_t>{int(t.levels.size()), 2};
  file.add("query", "F32", {t.Lq, C}, f32(query)).add("input_flatten", "F32", {S, C}, f32(source));
  file.add("reference_points", "F32", t.reference_shape, f32(ref));
  file.add("spatial_shapes", "I64", of_levels, bytes_of(shapes));
  file.add("sampling_offsets.weight", "F32", {M * P * axes, C}, f32(ow));
  file.add("sampling_offsets.bias", "F32", {M * P * axes}, f32(ob));
  file.add("attention_weights.weight", "F32", {M * P, C}, f32(aw))
      .add("attention_weights.bias", "F32", {M * P}, f32(ab));
  if (t.value_proj) file.add("value_proj.weight", "F32", {C, C}, f32(vw)).add("value_proj.bias", "F32", {C}, f32(vb));
  if (t.output_proj)
    file.add("output_proj.weight", "F32", {C, C}, f32(pw)).add("output_proj.bias", "F32", {C}, f32(pb));
  if (t.mask) file.add("input_padding_mask", t.mask_type, {S}, std::string(ones.begin(), ones.end()));
  if (with_expected) file.add("expected_output", "F32", {t.Lq, C}, f32(expected));
  return {TemporaryFile(file.bytes()), expected};
}

/// The float reference of the file is the formula, and its report says what it is.
Workload check_layer(const Layer& layer, const std::string& said) {
  const auto [file, expected] = write(layer);
  const auto w = load_workload(file.path());
  const auto output = run_reference(w).output;
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs(output[i] - expected[i]));
  CHECK_MESSAGE(worst < 1e-12, said);
  REQUIRE_MESSAGE(compare_expected(w, run_reference(w)).value().agrees(), said);
  std::string text;
  for (const auto& variant : w.variants) text += (text.empty() ? "" : "; ") + variant;
  CHECK(text == said);
  return w;
}

Layer boxes() {
  Layer layer;
  layer.reference_shape = {5, 3, 4};
  layer.move = [](double offset, double size, int, int) { return offset / 2 * size * 0.5; };
  return layer;
}

std::string refused(const Layer& layer, bool with_expected = true) {
  const auto [file, expected] = write(layer, with_expected);
  return refusal([&] { load_workload(file.path()); });
}

}  // namespace

TEST_CASE("each variant is its formula") {
  check_layer({}, "");
  check_layer(boxes(), "");

  Layer list = boxes();
  list.points = {3, 1, 4}, list.metadata["n_points"] = "[3,1,4]";
  list.move = [&](double offset, double size, int, int l) { return offset / list.points[std::size_t(l)] * size * 0.5; };
  const auto w = check_layer(list, "points by level 3, 1, 4");
  CHECK((w.points == 4 && w.samples_per_head() == 8 && w.level_of(2) == 0 && w.level_of(3) == 1 && w.level_of(4) == 2));
  Layer plain;
  plain.points = {1, 4, 2}, plain.metadata["n_points"] = "1, 4, 2";
  check_layer(plain, "points by level 1, 4, 2");

  Layer scaled = boxes();
  scaled.metadata["offset_scale"] = "1.25";
  scaled.move = [](double offset, double size, int, int) { return offset / 2 * size * 1.25; };
  check_layer(scaled, "offset scale 1.25");
  Layer pixels = boxes();
  pixels.metadata["use_4D_normalizer"] = "True";
  pixels.move = [](double offset, double size, int side, int) { return offset / side * size * 0.5; };
  check_layer(pixels, "offsets in pixels times the box");

  for (const bool of_boxes : {false, true}) {
    Layer base = of_boxes ? boxes() : Layer();
    const int numbers = of_boxes ? 4 : 2;
    base.reference = [](int q, int, int) { return q; };
    for (const auto& shape : {std::vector<std::int64_t>{5, numbers}, {5, 1, numbers}, {5, 1, 1, numbers}}) {
      base.reference_shape = shape;
      check_layer(base, "references shared by the levels");
    }
    Layer anchors = of_boxes ? boxes() : Layer();
    anchors.points = {4, 4, 4};
    if (of_boxes) anchors.move = [](double offset, double size, int, int) { return offset / 4 * size * 0.5; };
    anchors.reference = [](int q, int, int k) { return 3 * q + k % 3; };
    anchors.reference_shape = {5, 1, 3, numbers};
    check_layer(anchors, "3 references for the points in turn; references shared by the levels");
    anchors.reference_shape = {5, 3, numbers}, anchors.metadata["references_per"] = "point";
    CHECK(check_layer(anchors, "3 references for the points in turn; references shared by the levels").anchors == 3);
    anchors.metadata.clear();
    anchors.reference_shape = {5, 3, 2, numbers};
    anchors.reference = [](int q, int l, int k) { return (3 * q + l) * 2 + k % 2; };
    check_layer(anchors, "2 references for the points in turn");
  }

  Layer map;
  map.value_proj = false;
  CHECK(check_layer(map, "no value projection").source_is_map);
  map.output_proj = false, map.mask = true;
  check_layer(map, "no value projection; no output projection");

  for (const auto* type : {"BOOL", "U8", "I8"}) {
    Layer masked;
    masked.mask = true, masked.mask_type = type;
    check_layer(masked, "");
    masked.metadata["mask_polarity"] = "valid", masked.padded_is_one = false;
    check_layer(masked, "mask of valid tokens");
  }

  Layer line;
  line.line = true, line.levels = {{1, 13}, {1, 7}, {1, 4}}, line.reference_shape = {5, 3, 1};
  check_layer(line, "one-dimensional maps");
  line.reference_shape = {5, 3, 2};
  line.move = [](double offset, double size, int, int) { return offset / 2 * size * 0.5; };
  CHECK(check_layer(line, "one-dimensional maps").boxes);
}

TEST_CASE("what is no variant is refused") {
  const auto with = [](const std::string& key, const std::string& value) {
    Layer layer;
    layer.metadata[key] = value;
    return refused(layer);
  };
  check_refusal(with("method", "discrete"), {"metadata method = \"discrete\"", "not supported", "default"});
  for (const auto* bad : {"[2,2]", "[2,2,0]", "[2,2.5,2]", "[2,2,\"2\"]", "[2,2,2", "2,,2", "[]", "[2,2,2000]"})
    check_refusal(with("n_points", bad), {"metadata n_points = ", "for each of the 3 levels"});
  for (const auto* bad : {"", "0", "-1", "nan", "inf", "1e9", "0.5x"})
    check_refusal(with("offset_scale", bad), {"metadata offset_scale = ", "must be a number above 0"});
  check_refusal(with("use_4D_normalizer", "maybe"), {"use_4D_normalizer", "must be true or false"});
  check_refusal(with("mask_polarity", "true"), {"mask_polarity", "must be padded or valid"});
  check_refusal(with("references_per", "anchor"), {"references_per", "must be level or point"});
  check_refusal(with("value_proj", "none"), {"value_proj = none, and the tensors of value_proj are there"});
  check_refusal(with("output_proj", "yes"), {"output_proj", "can only be none"});

  // A projection may be forgotten: it must be said that there is none, or expected_output must tell.
  Layer bare;
  bare.value_proj = false;
  check_refusal(refused(bare, false), {"tensor value_proj.weight is missing", "metadata value_proj = none"});
  bare.metadata["value_proj"] = "none";
  CHECK(refused(bare, false) == "");
  Layer heads;
  heads.output_proj = false;
  check_refusal(refused(heads, false), {"tensor output_proj.weight is missing", "metadata output_proj = none"});

  Layer shape;
  shape.reference = [](int, int, int) { return 0; };
  for (const auto& wrong : {std::vector<std::int64_t>{5, 2, 2}, {5, 3, 3}, {1, 5, 3, 2}, {5}, {5, 3, 2, 2, 2}}) {
    shape.reference_shape = wrong;
    check_refusal(refused(shape), {"tensor reference_points: shape [", "expected [5, 3, 2]"});
  }
  shape.reference_shape = {5, 1, 3, 2};
  check_refusal(refused(shape), {"3 references of a level, and 2 points at most"});
  shape.Lq = 1, shape.reference_shape = {1, 1, 2, 2};
  check_refusal(refused(shape), {"of a single query", "without the batch dimension", "references_per = point"});
}

TEST_CASE("a variant that the file does not tell is named") {
  const auto cause = [](Layer layer) {
    layer.metadata.erase("use_4D_normalizer"), layer.metadata.erase("offset_scale");
    layer.metadata.erase("references_per"), layer.metadata.erase("mask_polarity");
    const auto [file, expected] = write(layer);
    const auto w = load_workload(file.path());
    const auto agreement = compare_expected(w, run_reference(w)).value();
    CHECK_FALSE(agreement.agrees());
    return agreement.cause;
  };
  const auto names = [&](const Layer& layer, const char* words) {
    CHECK(cause(layer).find(words) != std::string::npos);
  };
  Layer pixels = boxes();
  pixels.move = [](double offset, double size, int side, int) { return offset / side * size * 0.5; };
  names(pixels, "use_4D_normalizer = true");
  Layer scaled = boxes();
  scaled.move = [](double offset, double size, int, int) { return offset / 2 * size; };
  names(scaled, "offset_scale = 1");
  Layer anchors;
  anchors.points = {4, 4, 4}, anchors.reference = [](int q, int, int k) { return 3 * q + k % 3; };
  names(anchors, "references_per = point");
  Layer masked;
  masked.mask = true, masked.padded_is_one = false;
  names(masked, "mask_polarity = valid");
  Layer other;
  other.move = [](double offset, double, int side, int) { return 3 * offset / side; };
  CHECK(cause(other) == "");
}
