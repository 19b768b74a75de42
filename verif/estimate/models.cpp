// Layers of published models, with sampling locations drawn instead of computed: the weights of a trained layer are not
// at hand. Shapes are those of the papers; how the locations scatter is an assumption, stated in README.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "config/error.hpp"
#include "estimate/demand.hpp"
#include "estimate/lines_touched.hpp"

namespace quillgen::estimate {
namespace {

enum class References {
  tokens,   ///< the centres of all tokens, level after level: an encoder
  some,     ///< of tokens in random order
  objects,  ///< random boxes
  grid      ///< a raster that reaches a little beyond the map
};

struct Model {
  const char* name;
  int points;
  std::vector<model::LevelShape> levels;
  int queries;  ///< 0: all tokens
  References references;
};

const std::vector<Model>& models() {
  // 800x1333 pixels at strides 8, 16, 32, 64; 640x640 at 8, 16, 32; 900x1600 at 8 .. 64; 1024x1024 at 32, 16, 8.
  static const std::vector<model::LevelShape> coco = {{100, 167}, {50, 84}, {25, 42}, {13, 21}},
                                              square = {{80, 80}, {40, 40}, {20, 20}},
                                              camera = {{116, 200}, {58, 100}, {29, 50}, {15, 25}},
                                              mask = {{32, 32}, {64, 64}, {128, 128}};
  static const std::vector<Model> list = {{"deformable-detr", 4, coco, 0, References::tokens},
                                          {"deformable-detr-decoder", 4, coco, 300, References::objects},
                                          {"sparse-detr", 4, coco, 6667, References::some},  // 30 % of the tokens
                                          {"dino-decoder", 4, coco, 900, References::objects},
                                          {"rt-detr", 4, square, 300, References::objects},
                                          {"bevformer", 8, camera, 40000, References::grid},
                                          {"mask2former", 4, mask, 0, References::tokens}};
  return list;
}

constexpr int embed_dim = 256, heads = 8;  // of all of them

/// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  /// 0 <= x < 1.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  /// About normal, mean 0, deviation 1: four 16-bit numbers added up.
  double scatter() {
    const std::uint64_t b = bits();
    const auto sum = (b & 0xFFFF) + (b >> 16 & 0xFFFF) + (b >> 32 & 0xFFFF) + (b >> 48);
    return (static_cast<double>(sum) / 65536 - 2) * std::numbers::sqrt3;
  }

 private:
  std::uint64_t state_;
};

/// Centre and, of a box, size, as shares of the map.
struct Reference {
  double x = 0, y = 0, width = 0, height = 0;
};

std::vector<Reference> token_centres(const Workload& layer) {
  std::vector<Reference> centres;
  for (const auto& level : layer.level_shapes)
    for (int y = 0; y < level.height; ++y)
      for (int x = 0; x < level.width; ++x) centres.push_back({(x + 0.5) / level.width, (y + 0.5) / level.height});
  return centres;
}

std::vector<Reference> references_of(const Model& model, const Workload& layer, Random& random) {
  const auto queries = static_cast<std::size_t>(layer.queries);
  std::vector<Reference> list;
  switch (model.references) {
    case References::tokens:
    case References::some:
      list = token_centres(layer);
      if (model.references == References::some)
        for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.bits() % i]);
      break;
    case References::objects:
      while (list.size() < queries)
        list.push_back({random.uniform(), random.uniform(), 0.03 + 0.4 * random.uniform() * random.uniform(),
                        0.03 + 0.4 * random.uniform() * random.uniform()});
      break;
    case References::grid: {
      const auto side = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(queries))));
      for (std::size_t q = 0; q < queries; ++q)
        list.push_back({static_cast<double>(q % side) / static_cast<double>(side) * 1.1 - 0.05,
                        static_cast<double>(q / side) / static_cast<double>(side) * 1.1 - 0.05});
    }
  }
  const auto drawn = list.size();  // more queries than tokens: from the first again
  for (std::size_t q = drawn; q < queries; ++q) list.push_back(list[q % drawn]);
  list.resize(queries);
  return list;
}

Place place_at(double x, double y, model::LevelShape level) {
  const auto pixel = [](double v, int side) { return static_cast<int>(std::floor(std::clamp(v, -2.0, side + 1.0))); };
  const int x0 = pixel(x, level.width), y0 = pixel(y, level.height);
  Place place{static_cast<std::int16_t>(x0), static_cast<std::int16_t>(y0), 0};
  for (int i = 0; i < 4; ++i) {
    const int cx = x0 + i % 2, cy = y0 + i / 2;
    if (cx >= 0 && cx < level.width && cy >= 0 && cy < level.height) place.corners |= static_cast<std::uint8_t>(1 << i);
  }
  return place;
}

/// Point k of a head lies k + 1 pixels off in the head's direction (in a box: of its half size, spread over the
/// points), scattered by half of that and half a pixel; three in a hundred scatter by 12 pixels.
std::vector<Place> draw_places(const Workload& layer, const std::vector<Reference>& references, Random& random) {
  std::vector<Place> places;
  places.reserve(references.size() * static_cast<std::size_t>(layer.heads * layer.levels * layer.points));
  for (const auto& r : references)
    for (int head = 0; head < layer.heads; ++head) {
      const double angle = 2 * std::numbers::pi * head / layer.heads;
      const double dx = std::cos(angle), dy = std::sin(angle);
      for (const auto& level : layer.level_shapes)
        for (int point = 0; point < layer.points; ++point) {
          const double step = point + 1.0, wide = random.uniform() < 0.03 ? 12 : 0.5 + step / 2;
          // In a box, a step is its share of half the box.
          const double unit_x = layer.boxes ? r.width * level.width / (2 * layer.points) : 1,
                       unit_y = layer.boxes ? r.height * level.height / (2 * layer.points) : 1;
          const double x = r.x * level.width + (step * dx + wide * random.scatter()) * unit_x - 0.5,
                       y = r.y * level.height + (step * dy + wide * random.scatter()) * unit_y - 0.5;
          places.push_back(place_at(x, y, level));
        }
    }
  return places;
}

/// The references as the hardware is given them, the same in every level.
std::vector<std::int32_t> fixed_point(const std::vector<Reference>& references, const Workload& layer) {
  const auto fixed = [](double v) { return static_cast<std::int32_t>(std::floor(v * 65536 + 0.5)); };
  std::vector<std::int32_t> numbers;
  for (const auto& r : references)
    for (int level = 0; level < layer.levels; ++level) {
      numbers.insert(numbers.end(), {fixed(r.x), fixed(r.y)});
      if (layer.boxes) numbers.insert(numbers.end(), {fixed(r.width), fixed(r.height)});
    }
  return numbers;
}

const Model& find(const std::string& name) {
  for (const auto& m : models())
    if (m.name == name) return m;
  throw UserError(fmt::format("--model {}: unknown; choose one of {}", name, fmt::join(model_names(), ", ")));
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& m : models()) names.emplace_back(m.name);
  return names;
}

Demand model_demand(const std::string& name, const ModelOptions& options) {
  const auto& model = find(name);
  Demand demand;
  demand.name = name;
  demand.synthetic = true;
  demand.seed = options.seed;
  auto& layer = demand.layer;
  layer.file = "--model " + name;
  layer.embed_dim = embed_dim, layer.heads = heads;
  layer.levels = static_cast<int>(model.levels.size()), layer.points = model.points;
  for (const auto& level : model.levels) {
    const auto side = [&](int v) { return std::ceil(v * options.scale - 1e-9); };
    const double height = side(level.height), width = side(level.width);
    if (!(height >= 1 && width >= 1 && height <= 1024 && width <= 1024))
      throw UserError(
          fmt::format("--scale {}: level {}x{} of {} would have no pixel or more than 1024 a side; choose "
                      "another scale",
                      options.scale, level.height, level.width, name));
    layer.level_shapes.push_back({static_cast<int>(height), static_cast<int>(width)});
    layer.tokens += static_cast<int>(height) * static_cast<int>(width);
  }
  layer.queries = options.queries;
  if (options.queries == 0) {
    layer.queries = model.queries == 0 ? layer.tokens : model.queries;
    if (model.references == References::some)
      layer.queries = std::max(1, static_cast<int>(std::int64_t{layer.tokens} * 3 / 10));
  }
  if (const std::int64_t samples = std::int64_t{layer.queries} * heads * layer.levels * layer.points;
      layer.queries < 1 || samples > most_samples)
    throw UserError(fmt::format("--queries {}: must be from 1 to {} for {}", layer.queries,
                                most_samples / (heads * layer.levels * layer.points), name));
  layer.boxes = model.references == References::objects;
  Random random(options.seed);
  const auto references = references_of(model, layer, random);
  demand.places = draw_places(layer, references, random);
  demand.references = fixed_point(references, layer);
  demand.lines_touched = lines_touched(demand);
  return demand;
}

}  // namespace quillgen::estimate
