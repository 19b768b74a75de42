// Orders against sizes of the cache: the study of feature traffic in one run.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trace/traffic.hpp"

namespace quillgen::trace {

/// "arrival", "window 64", "16x16 buckets", "16x16 in strips", "16x16 buckets, window 64".
std::string order_name(const Order& order);

/// Arrival, windows, buckets and both.
const std::vector<Order>& table_orders();
/// KiB of all lanes.
const std::vector<int>& table_sizes();

struct Table {
  /// [order, size], with the policy `line` with what is least; none where the size cannot be built.
  std::vector<std::vector<std::optional<Traffic>>> cells;
  int line_bytes = 0;
};

/// Everything of `config` but the order and feature_cache.kilobytes stays. progress(done, of) after
/// each cell. Throws UserError as run_trace.
Table run_table(const Config& config, const estimate::Demand& demand,
                const std::function<void(std::size_t, std::size_t)>& progress);

}  // namespace quillgen::trace
