#include "estimate/dropped.hpp"

#include <algorithm>

#include "config/derived.hpp"
#include "model/layer.hpp"

namespace quillgen::estimate {
namespace {

/// Calls found(place, number in its query) for every point of the queries wanted, of one that is named twice as often.
template <typename Found>
void for_each_point(const Demand& demand, const Found& found) {
  const auto of_query = static_cast<std::size_t>(demand.layer.heads * demand.layer.samples_per_head());
  const auto query = [&](int number) {
    for (std::size_t n = 0; n < of_query; ++n) found(demand.places[static_cast<std::size_t>(number) * of_query + n], n);
  };
  if (demand.index_list.empty())
    for (int q = 0; q < demand.layer.queries; ++q) query(q);
  else
    for (const int q : demand.index_list) query(q);
}

std::size_t level_of(const Demand& demand, std::size_t number) {
  const auto of_head = static_cast<std::size_t>(demand.layer.samples_per_head());
  return static_cast<std::size_t>(demand.layer.level_of(static_cast<int>(number % of_head)));
}

}  // namespace

std::int64_t busiest_lane(const Config& config, const Demand& demand) {
  const int lanes = config.core.lanes(), of_lane = config.attention.samples_per_query() / lanes;
  std::vector<std::size_t> lane_of(static_cast<std::size_t>(lanes * of_lane));
  for (int lane = 0; lane < lanes; ++lane)
    for (int n = 0; n < of_lane; ++n)
      lane_of[static_cast<std::size_t>(lane_sample(config, lane, n))] = static_cast<std::size_t>(lane);
  std::vector<std::int64_t> samples(static_cast<std::size_t>(lanes));
  for_each_point(demand,
                 [&](const Place& place, std::size_t number) { samples[lane_of[number]] += place.dropped ? 0 : 1; });
  return *std::max_element(samples.begin(), samples.end());
}

std::vector<std::int64_t> pixel_reads(const Demand& demand) {
  std::vector<std::int64_t> reads(static_cast<std::size_t>(demand.layer.tokens));
  std::vector<std::size_t> firsts = {0};  // pixel of the map where each level begins
  for (const auto& level : demand.layer.level_shapes)
    firsts.push_back(firsts.back() + static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width));
  for_each_point(demand, [&](const Place& place, std::size_t number) {
    const auto level = level_of(demand, number);
    for (int corner = 0; corner < 4; ++corner) {
      if ((place.corners >> corner & 1) == 0) continue;  // all of a dropped point
      const auto x = static_cast<std::size_t>(place.x + corner % 2), y = static_cast<std::size_t>(place.y + corner / 2);
      ++reads[firsts[level] + y * static_cast<std::size_t>(demand.layer.level_shapes[level].width) + x];
    }
  });
  return reads;
}

std::vector<std::uint8_t> dropped_pixels(const Demand& demand, const model::Pruning& pruning) {
  return model::dropped_pixels(pixel_reads(demand), demand.layer.level_shapes, pruning);
}

std::vector<model::Dropped> dropped_points(const Demand& demand) {
  std::vector<model::Dropped> levels(demand.layer.level_shapes.size());
  for_each_point(demand, [&](const Place& place, std::size_t number) {
    levels[level_of(demand, number)] += {place.dropped ? 1 : 0, 1};
  });
  return levels;
}

model::DroppedByLevel dropped_of(const Demand& demand, const model::Pruning& pruning) {
  model::DroppedByLevel levels(demand.layer.level_shapes.size());
  const auto points = dropped_points(demand);
  for (std::size_t l = 0; l < levels.size(); ++l)
    (demand.layer.boxes ? levels[l].decoder_points : levels[l].encoder_points) = points[l];
  if (!demand.counts_pixels) return levels;
  const auto pixels = model::count_mask(dropped_pixels(demand, pruning), demand.layer.level_shapes);
  for (std::size_t l = 0; l < levels.size(); ++l) levels[l].pixels = pixels[l];
  return levels;
}

}  // namespace quillgen::estimate
