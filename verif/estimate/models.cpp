// Demands of synthetic layers: sampling locations drawn instead of computed.
#include <algorithm>
#include <cmath>

#include "estimate/demand.hpp"
#include "estimate/lines_touched.hpp"

namespace quillgen::estimate {
namespace {

using synthetic::Random;

Place place_at(double x, double y, model::LevelShape level) {
  const auto pixel = [](double v, int side) { return static_cast<int>(std::floor(std::clamp(v, -2.0, side + 1.0))); };
  const int x0 = pixel(x, level.width), y0 = pixel(y, level.height);
  Place place{.x = static_cast<std::int16_t>(x0), .y = static_cast<std::int16_t>(y0)};
  for (int i = 0; i < 4; ++i) {
    const int cx = x0 + i % 2, cy = y0 + i / 2;
    if (cx >= 0 && cx < level.width && cy >= 0 && cy < level.height) place.corners |= static_cast<std::uint8_t>(1 << i);
  }
  return place;
}

/// With the statistics of synthetic/models.hpp.
std::vector<Place> draw_places(const synthetic::Layer& drawn, Random& random, const std::vector<int>& range) {
  const auto& layer = drawn.shape;
  std::vector<Place> places;
  places.reserve(drawn.references.size() * static_cast<std::size_t>(layer.heads * layer.levels * layer.points));
  for (const auto& r : drawn.references)
    for (int head = 0; head < layer.heads; ++head) {
      const auto ring = synthetic::direction(head);
      for (std::size_t l = 0; l < layer.level_shapes.size(); ++l)
        for (int point = 0; point < layer.points; ++point) {
          const auto& level = layer.level_shapes[l];
          const double step = point + 1.0;
          const double wide =
              random.uniform() < synthetic::tail_share ? synthetic::tail_pixels : synthetic::spread(point);
          // In a box, a step is its share of half the box.
          const double unit_x = layer.boxes ? r.width * level.width / (2 * layer.points) : 1,
                       unit_y = layer.boxes ? r.height * level.height / (2 * layer.points) : 1;
          const double across = random.scatter(), down = random.scatter();
          const auto held = [&](double move) {
            return range.empty() ? move : std::clamp(move, -1.0 * range[l], 1.0 * range[l]);
          };
          const double move_x = held((step * ring.x + wide * across) * unit_x),
                       move_y = held((step * ring.y + wide * down) * unit_y);
          places.push_back(place_at(r.x * level.width + move_x - 0.5, r.y * level.height + move_y - 0.5, level));
          places.back().distance = static_cast<std::uint16_t>(std::max(std::abs(move_x), std::abs(move_y)));
        }
    }
  return places;
}

/// Drops the places whose weight is below `share` (N19): they are read no more. Weights are drawn aside, so that what
/// is drawn after them is the same whether points are dropped or not.
void drop(std::vector<Place>& places, std::size_t of_head, double share, Random random) {
  std::vector<double> weights(of_head);
  for (std::size_t first = 0; first < places.size(); first += of_head) {
    double sum = 0;
    for (auto& w : weights) sum += w = std::exp(synthetic::logit_spread * random.scatter());
    for (std::size_t i = 0; i < of_head; ++i)
      if (auto& place = places[first + i]; weights[i] < share * sum) place.dropped = true, place.corners = 0;
  }
}

/// The references as the hardware is given them, the same in every level.
std::vector<std::int32_t> fixed_point(const synthetic::Layer& drawn) {
  const auto fixed = [](double v) { return static_cast<std::int32_t>(std::floor(v * 65536 + 0.5)); };
  std::vector<std::int32_t> numbers;
  for (const auto& r : drawn.references)
    for (int level = 0; level < drawn.shape.levels; ++level) {
      numbers.insert(numbers.end(), {fixed(r.x), fixed(r.y)});
      if (drawn.shape.boxes) numbers.insert(numbers.end(), {fixed(r.width), fixed(r.height)});
    }
  return numbers;
}

}  // namespace

Demand drawn_demand(const synthetic::Layer& drawn, Random& random, const Pruning& pruning) {
  Demand demand;
  demand.synthetic = true;
  demand.layer = drawn.shape;
  demand.index_list = drawn.shape.index_list;
  demand.places = draw_places(drawn, random, pruning.range);
  if (pruning.points > 0)
    drop(demand.places, static_cast<std::size_t>(drawn.shape.levels * drawn.shape.points), pruning.points, random);
  demand.counts_pixels = pruning.pixels > 0;
  demand.references = fixed_point(drawn);
  demand.lines_touched = lines_touched(demand);
  return demand;
}

Demand model_demand(const std::string& name, const ModelOptions& options, const Pruning& pruning) {
  Random random(options.seed);
  auto demand = drawn_demand(synthetic::draw_layer(name, options, random), random, pruning);
  demand.name = name;
  demand.seed = options.seed;
  return demand;
}

}  // namespace quillgen::estimate
