#include "model/order.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace quillgen::model {
namespace {

constexpr int point_bits = 12;

/// Stable sort by cell: queries of a cell stay in the order of their arrival.
void sort_by_cell(const Config& config, std::span<const OrderPoint> points, std::vector<int>& queries) {
  const int bits = config.order.bucket_bits, shift = point_bits - bits;
  const bool in_strips = config.order.curve == strip_curve;
  const int strips = in_strips ? strips_of(config) : 0;
  const auto cell = [&](int query) {
    const auto& p = points[static_cast<std::size_t>(query)];
    const int x = p.x >> shift, y = p.y >> shift;
    return in_strips ? strip_index(x, y, bits, strips) : hilbert_index(x, y, bits);
  };
  std::ranges::stable_sort(queries, {}, cell);
}

/// Candidates in the order of their arrival: the first of those that are equally near is the earliest.
std::vector<int> nearest_first(const Order& order, std::span<const OrderPoint> points,
                               const std::vector<int>& arrival) {
  struct Candidate {
    int query, passed_over;
  };
  std::vector<Candidate> pool;
  std::vector<int> issued;
  OrderPoint last;
  auto next = arrival.begin();
  while (issued.size() < arrival.size()) {
    while (next != arrival.end() && static_cast<int>(pool.size()) < order.window) pool.push_back({*next++, 0});
    const auto distance = [&](const Candidate& c) {
      const auto& p = points[static_cast<std::size_t>(c.query)];
      return std::abs(p.x - last.x) + std::abs(p.y - last.y);
    };
    auto chosen = pool.begin();
    if (chosen->passed_over < order.starvation_bound) chosen = std::ranges::min_element(pool, {}, distance);
    last = points[static_cast<std::size_t>(chosen->query)];
    issued.push_back(chosen->query);
    pool.erase(chosen);
    for (auto& c : pool) ++c.passed_over;
  }
  return issued;
}

}  // namespace

OrderPoint order_point(std::int32_t x, std::int32_t y) {
  const auto part = [](std::int32_t v) { return std::clamp(v >> (16 - point_bits), 0, (1 << point_bits) - 1); };
  return {part(x), part(y)};
}

int hilbert_index(int x, int y, int bits) {
  int index = 0;
  for (int side = 1 << bits >> 1; side > 0; side >>= 1) {
    const bool right = (x & side) != 0, upper = (y & side) != 0;
    index += side * side * (right ? (upper ? 2 : 3) : (upper ? 1 : 0));
    // The curve of a lower quadrant is that of the whole, mirrored at a diagonal.
    if (!upper) {
      if (right) x = ~x, y = ~y;
      std::swap(x, y);
    }
  }
  return index;
}

int strip_index(int x, int y, int bits, int strips) {
  const int side = 1 << bits;
  const auto begin = [&](int strip) { return strip * side / strips; };
  int strip = 0;
  while (begin(strip + 1) <= x) ++strip;
  const int width = begin(strip + 1) - begin(strip);
  const int row = strip % 2 == 0 ? y : side - 1 - y;
  const int column = row % 2 == 0 ? x - begin(strip) : begin(strip + 1) - 1 - x;
  return begin(strip) * side + row * width + column;
}

int strips_of(const Config& c) {
  const int side = 1 << c.order.bucket_bits, given = c.order.strip_width;
  const auto& parts = c.feature_cache.level_parts;
  const double parts_sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  const double level_0 = 1024.0 * c.feature_cache.kilobytes * (parts.empty() ? 0.75 : parts[0] / parts_sum);
  const int range = c.pruning.max_range > 0 ? c.pruning.max_range : 8, around = 2 * range + 2;
  const double pixel = c.attention.embed_dim * (c.numerics.feature_bits <= 8 ? 1 : 2);
  const double width = c.attention.max_width, height = c.attention.max_height;
  // n strips fit if n w <= 2^b. Multiplied out all numbers are integers below 2^53, so the comparison is exact.
  const auto fit = [&](int strips) {
    if (given > 0) return (strips - 1) * given < side;
    const double column = pixel * (around * side + height);
    return strips * (level_0 * side - around * column) <= width * column && strips * (range + 1) <= width;
  };
  int strips = 1;
  while (strips < side && fit(strips + 1)) ++strips;
  return strips;
}

std::vector<int> schedule(const Config& config, std::span<const OrderPoint> points, std::span<const int> queries) {
  const Order& order = config.order;
  std::vector<int> list(queries.begin(), queries.end());
  if (list.empty()) {
    list.resize(points.size());
    std::iota(list.begin(), list.end(), 0);
  }
  if (order.bucket_bits > 0) sort_by_cell(config, points, list);
  return order.window > 1 ? nearest_first(order, points, list) : list;
}

std::vector<int> schedule(const Config& config, const QuantisedLayer& layer) {
  const auto row =
      static_cast<std::size_t>(layer.attention.levels * layer.attention.anchors * layer.reference_numbers());
  std::vector<OrderPoint> points;
  for (std::size_t r = 0; r < layer.reference.size(); r += row)
    points.push_back(order_point(layer.reference[r], layer.reference[r + 1]));
  return schedule(config, points, layer.wanted());
}

}  // namespace quillgen::model
