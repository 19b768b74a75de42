#include "trace/table.hpp"

#include <fmt/core.h>

#include "config/error.hpp"
#include "config/load.hpp"
#include "trace/belady.hpp"

namespace quillgen::trace {

std::string order_name(const Order& order) {
  const int side = 1 << order.bucket_bits;
  const auto buckets = order.bucket_bits > 0
                           ? fmt::format("{}x{} {}", side, side, order.curve == strip_curve ? "in strips" : "buckets")
                           : "";
  const auto window = order.window > 1 ? fmt::format("window {}", order.window) : "";
  if (buckets.empty() && window.empty()) return "arrival";
  return buckets + (buckets.empty() || window.empty() ? "" : ", ") + window;
}

const std::vector<Order>& table_orders() {
  static const std::vector<Order> orders = [] {
    std::vector<Order> list(6);
    list[1].window = 64, list[2].window = 256;
    list[3].bucket_bits = 4, list[4].bucket_bits = 6;
    list[5].bucket_bits = 4, list[5].window = 64;
    return list;
  }();
  return orders;
}

const std::vector<int>& table_sizes() {
  static const std::vector<int> sizes = {64, 128, 256, 512, 1024};
  return sizes;
}

namespace {

/// The configuration with another capacity; of regions without what only lines have.
Config resized(Config c, int kilobytes) {
  auto& cache = c.feature_cache;
  cache.kilobytes = kilobytes;
  if (cache.policy == region_policy) cache.line_shape = line_2x2, cache.hashing = 1, cache.bypass_distance = 0;
  return c;
}

}  // namespace

Table run_table(const Config& config, const estimate::Demand& demand,
                const std::function<void(std::size_t, std::size_t)>& progress) {
  Table table;
  const auto of = table_orders().size() * table_sizes().size();
  std::size_t done = 0;
  for (const auto& order : table_orders()) {
    auto& row = table.cells.emplace_back();
    std::optional<LookupList> lookups;  // the same for all sizes
    for (const int size : table_sizes()) {
      auto c = resized(config, size);
      c.order = order;
      c.order.starvation_bound = config.order.starvation_bound;
      bool possible = true;
      try {
        validate(c);
      } catch (const UserError&) {
        possible = false;
      }
      row.emplace_back();
      if (possible) {
        auto trace = run_trace(c, demand);
        if (c.feature_cache.policy == line_policy) {
          if (!lookups) lookups.emplace(c, demand, trace.order);
          add_least(trace, c, *lookups);
        }
        row.back() = trace.total;
        table.line_bytes = trace.line_bytes;
      }
      progress(++done, of);
    }
  }
  return table;
}

}  // namespace quillgen::trace
