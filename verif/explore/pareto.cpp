#include "explore/pareto.hpp"

#include <algorithm>

namespace quillgen::explore {
namespace {

/// Possible points in the order of the objectives: a point can only be dominated by one that stands before it.
std::vector<std::size_t> in_order(std::span<const Point> points, std::span<const Objective> objectives) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].refused.empty()) order.push_back(i);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    for (const auto& o : objectives)
      if (const auto x = points[a].figures.*o.value, y = points[b].figures.*o.value; x != y) return x < y;
    return points[a].number < points[b].number;
  });
  return order;
}

bool dominates(const Figures& a, const Figures& b, std::span<const Objective> objectives) {
  bool better = false;
  for (const auto& o : objectives) {
    if (a.*o.value > b.*o.value) return false;
    better |= a.*o.value < b.*o.value;
  }
  return better;
}

/// Moves the undominated points from `order` to the result; both stay in order.
std::vector<std::size_t> take_front(std::vector<std::size_t>& order, std::span<const Point> points,
                                    std::span<const Objective> objectives) {
  std::vector<std::size_t> taken, left;
  for (const auto i : order) {
    const bool beaten = std::ranges::any_of(
        taken, [&](std::size_t t) { return dominates(points[t].figures, points[i].figures, objectives); });
    (beaten ? left : taken).push_back(i);
  }
  order = std::move(left);
  return taken;
}

}  // namespace

std::vector<std::size_t> front(std::span<const Point> points, std::span<const Objective> objectives) {
  auto order = in_order(points, objectives);
  return take_front(order, points, objectives);
}

std::vector<std::size_t> best(std::span<const Point> points, std::span<const Objective> objectives, std::size_t count) {
  auto order = in_order(points, objectives);
  std::vector<std::size_t> found;
  while (found.size() < count && !order.empty()) {
    const auto next = take_front(order, points, objectives);
    found.insert(found.end(), next.begin(), next.end());
  }
  found.resize(std::min(count, found.size()));
  return found;
}

}  // namespace quillgen::explore
