#include "synthetic/models.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen::synthetic {
namespace {

enum class Kind {
  tokens,   ///< the centres of all tokens, level after level: an encoder
  listed,   ///< the same, and an index list of those that are wanted: a sparse encoder
  objects,  ///< random boxes: a decoder
  grid      ///< a raster that reaches a little beyond the map
};

struct Model {
  const char* name;
  int points;
  std::vector<model::LevelShape> levels;
  std::vector<int> strides;  ///< of the levels, pixels of the image
  Kind kind;
  int queries;  ///< of objects and grid
};

constexpr int decoder_queries = 300;
constexpr double listed_share = 0.3;

const std::vector<Model>& models() {
  // 800x1333 pixels at strides 8, 16, 32, 64; 640x640 at 8, 16, 32; 900x1600 at 8 .. 64; 1024x1024 at 32, 16, 8.
  static const std::vector<model::LevelShape> coco = {{100, 167}, {50, 84}, {25, 42}, {13, 21}},
                                              square = {{80, 80}, {40, 40}, {20, 20}},
                                              camera = {{116, 200}, {58, 100}, {29, 50}, {15, 25}},
                                              mask = {{32, 32}, {64, 64}, {128, 128}};
  static const std::vector<int> four = {8, 16, 32, 64}, three = {8, 16, 32}, coarse_first = {32, 16, 8};
  static const std::vector<Model> list = {{"deformable-detr", 4, coco, four, Kind::tokens, 0},
                                          {"deformable-detr-decoder", 4, coco, four, Kind::objects, decoder_queries},
                                          {"sparse-detr", 4, coco, four, Kind::listed, 0},
                                          {"dino-decoder", 4, coco, four, Kind::objects, 900},
                                          {"rt-detr", 4, square, three, Kind::objects, 300},
                                          {"bevformer", 8, camera, four, Kind::grid, 40000},
                                          {"mask2former", 4, mask, coarse_first, Kind::tokens, 0}};
  return list;
}

const Model& find(const std::string& name) {
  for (const auto& m : models())
    if (m.name == name) return m;
  throw UserError(fmt::format("--model {}: unknown; choose one of {}", name, fmt::join(model_names(), ", ")));
}

/// Height and width of an image; nothing for other text.
std::optional<model::LevelShape> size_of(std::string_view text) {
  model::LevelShape size;
  const char* const end = text.data() + text.size();
  const auto height = std::from_chars(text.data(), end, size.height);
  if (height.ec != std::errc() || height.ptr == end || *height.ptr != 'x') return std::nullopt;
  const auto width = std::from_chars(height.ptr + 1, end, size.width);
  if (width.ec != std::errc() || width.ptr != end || size.height < 1 || size.width < 1) return std::nullopt;
  return size;
}

/// Before scaling.
std::vector<model::LevelShape> shapes_of(const Model& model, const std::string& image) {
  if (image.empty()) return model.levels;
  const auto size = size_of(image);
  if (!size)
    throw UserError(
        fmt::format("--image {}: must be height and width in pixels; write 800x1066, for example", shown(image)));
  std::vector<model::LevelShape> shapes;
  for (const int stride : model.strides)
    shapes.push_back({(size->height - 1) / stride + 1, (size->width - 1) / stride + 1});
  return shapes;
}

std::vector<model::LevelShape> level_shapes(const Model& model, const ModelOptions& options) {
  std::vector<model::LevelShape> shapes;
  for (const auto& level : shapes_of(model, options.image)) {
    const auto side = [&](int v) { return std::ceil(v * options.scale - 1e-9); };
    const double height = side(level.height), width = side(level.width);
    if (!(height >= 1 && width >= 1 && height <= 1024 && width <= 1024))
      throw UserError(
          fmt::format("--scale {}: level {}x{} of {} would have no pixel or more than 1024 a side; choose "
                      "another scale",
                      options.scale, level.height, level.width, model.name));
    shapes.push_back({static_cast<int>(height), static_cast<int>(width)});
  }
  return shapes;
}

struct Queries {
  Kind kind;
  std::int64_t count;  ///< of an index list its entries
};

/// A whole number or, before `%`, any; nothing for other text.
std::optional<double> number_of(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  if (!percent && number != std::floor(number)) return std::nullopt;
  return number;
}

Queries queries_of(const Model& model, const std::string& text, int tokens) {
  const auto refuse = [&](const std::string& problem) {
    throw UserError(fmt::format("--queries {}: {}", text, problem));
  };
  const auto share = [&](double part) { return std::max<std::int64_t>(1, std::llround(tokens * part)); };
  const bool decoder = model.kind == Kind::objects;
  if (text.empty())
    return {model.kind, model.queries > 0 ? model.queries : model.kind == Kind::listed ? share(listed_share) : tokens};
  if (text == "encoder") return {Kind::tokens, tokens};
  if (text == "decoder") return {Kind::objects, decoder ? model.queries : decoder_queries};
  const auto number = number_of(text);
  if (!number)
    throw UserError(fmt::format(
        "--queries {}: must be encoder, decoder, a share of the tokens as 30%, or a whole number", shown(text)));
  if (text.ends_with('%')) {
    if (*number <= 0 || *number > 100) refuse("must be more than 0 % and at most 100 % of the tokens");
    return {Kind::listed, share(*number / 100)};
  }
  const int samples = heads * static_cast<int>(model.levels.size()) * model.points;
  const auto most = model.kind == Kind::listed ? tokens : most_samples / samples;
  if (*number < 1 || *number > static_cast<double>(most))
    refuse(fmt::format("must be from 1 to {} for {}{}", most, model.name,
                       model.kind == Kind::listed ? ", which takes its queries from its tokens" : ""));
  return {model.kind, static_cast<std::int64_t>(*number)};
}

std::vector<Reference> token_centres(const std::vector<model::LevelShape>& levels) {
  std::vector<Reference> centres;
  for (const auto& level : levels)
    for (int y = 0; y < level.height; ++y)
      for (int x = 0; x < level.width; ++x) centres.push_back({(x + 0.5) / level.width, (y + 0.5) / level.height});
  return centres;
}

std::vector<Reference> references_of(Kind kind, std::size_t queries, const std::vector<model::LevelShape>& levels,
                                     Random& random) {
  std::vector<Reference> list;
  if (kind == Kind::tokens || kind == Kind::listed) {
    list = token_centres(levels);
    const auto tokens = list.size();  // more queries than tokens: from the first again
    if (kind == Kind::tokens)
      for (std::size_t q = tokens; q < queries; ++q) list.push_back(list[q % tokens]);
    if (kind == Kind::tokens) list.resize(queries);
  }
  if (kind == Kind::objects)
    while (list.size() < queries) {
      const double x = random.uniform(), y = random.uniform();
      const double width = random.uniform() * random.uniform(), height = random.uniform() * random.uniform();
      list.push_back({x, y, 0.03 + 0.4 * width, 0.03 + 0.4 * height});
    }
  if (kind == Kind::grid) {
    const auto side = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(queries))));
    for (std::size_t q = 0; q < queries; ++q)
      list.push_back({static_cast<double>(q % side) / static_cast<double>(side) * 1.1 - 0.05,
                      static_cast<double>(q / side) / static_cast<double>(side) * 1.1 - 0.05});
  }
  return list;
}

/// The `count` tokens that score best, best first. A token's score falls with the square of its distance from the
/// nearest of a few objects, and is noisy.
std::vector<int> best_tokens(const std::vector<Reference>& centres, std::size_t count, Random& random) {
  constexpr int objects = 8;
  constexpr double noise = 1;   // deviation of the score; fitted, see README.md
  std::vector<Reference> list;  // centre and deviation
  for (int i = 0; i < objects; ++i) {
    const double x = random.uniform(), y = random.uniform();
    const double width = random.uniform(), height = random.uniform();
    list.push_back({x, y, 0.02 + 0.08 * width, 0.02 + 0.08 * height});
  }
  std::vector<double> penalty;  // the score, negated
  for (const auto& token : centres) {
    double nearest = std::numeric_limits<double>::max();
    for (const auto& object : list) {
      const double across = (token.x - object.x) / object.width, down = (token.y - object.y) / object.height;
      nearest = std::min(nearest, across * across + down * down);
    }
    penalty.push_back(nearest + noise * random.scatter());
  }
  std::vector<int> tokens(centres.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  std::ranges::stable_sort(tokens, {}, [&](int token) { return penalty[static_cast<std::size_t>(token)]; });
  tokens.resize(count);
  return tokens;
}

/// A mask, 1 = masked: of each level the pixels of squares, thrown anywhere, until they are the share of it.
std::vector<std::uint8_t> holes(const std::vector<model::LevelShape>& levels, const std::string& text, Random random) {
  constexpr int largest_hole = 3;
  const auto percent = number_of(text);
  if (!percent || !text.ends_with('%') || *percent < 0 || *percent >= 100)
    throw UserError(
        fmt::format("--masked {}: must be a share of the pixels, from 0% to below 100%; write 40%, for "
                    "example",
                    shown(text)));
  std::vector<std::uint8_t> mask;
  for (const auto& level : levels) {
    const auto first = mask.size(), width = static_cast<std::size_t>(level.width);
    mask.resize(first + width * static_cast<std::size_t>(level.height));
    auto left = std::llround(*percent / 100 * static_cast<double>(mask.size() - first));
    while (left > 0) {
      const auto side = 1 + static_cast<int>(random.below(largest_hole)),
                 x = static_cast<int>(random.below(static_cast<std::uint64_t>(level.width))),
                 y = static_cast<int>(random.below(static_cast<std::uint64_t>(level.height)));
      for (int row = y; row < std::min(y + side, level.height); ++row)
        for (int column = x; column < std::min(x + side, level.width); ++column) {
          auto& pixel = mask[first + static_cast<std::size_t>(row) * width + static_cast<std::size_t>(column)];
          if (left > 0 && pixel == 0) pixel = 1, --left;
        }
    }
  }
  return mask;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& m : models()) names.emplace_back(m.name);
  return names;
}

Direction direction(int head) {
  const double diagonal = std::sqrt(0.5);
  const Direction all[] = {{1, 0},  {diagonal, diagonal},   {0, 1},  {-diagonal, diagonal},
                           {-1, 0}, {-diagonal, -diagonal}, {0, -1}, {diagonal, -diagonal}};
  return all[head % 8];
}

Layer draw_layer(const std::string& name, const ModelOptions& options, Random& random) {
  const auto& model = find(name);
  Layer layer;
  auto& shape = layer.shape;
  shape.file = "--model " + name;
  shape.embed_dim = embed_dim, shape.heads = heads;
  shape.levels = static_cast<int>(model.levels.size()), shape.points = model.points;
  shape.level_shapes = level_shapes(model, options);
  for (const auto& level : shape.level_shapes) shape.tokens += level.height * level.width;
  const auto queries = queries_of(model, options.queries, shape.tokens);
  shape.boxes = queries.kind == Kind::objects;
  layer.references = references_of(queries.kind, static_cast<std::size_t>(queries.count), shape.level_shapes, random);
  shape.queries = static_cast<int>(layer.references.size());
  if (queries.kind == Kind::listed)
    shape.index_list = best_tokens(layer.references, static_cast<std::size_t>(queries.count), random);
  constexpr std::uint64_t of_holes = 0x686F6C6573;  // its own numbers: the others are the same with and without holes
  if (!options.masked.empty())
    shape.padding = holes(shape.level_shapes, options.masked, Random(options.seed ^ of_holes));
  return layer;
}

}  // namespace quillgen::synthetic
