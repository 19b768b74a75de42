// The order in which queries are worked on (generator/accel/README.md, "Order of queries"): written from that text, and
// nothing else, so that the hardware's order can be compared with it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "model/layer.hpp"

namespace quillgen::model {

/// Where a query lies for the sorter: 12 fraction bits of the map each way, 0..4095.
struct OrderPoint {
  int x = 0, y = 0;
};

/// Of the reference of a query in the first level, signed with 16 fraction bits (NUMERICS.md N5); of a box its centre.
OrderPoint order_point(std::int32_t x, std::int32_t y);

/// Number of a cell along the Hilbert curve through a grid of 2^bits x 2^bits cells, from 0 at (0, 0) to the last at
/// (2^bits - 1, 0).
int hilbert_index(int x, int y, int bits);

/// The same in `strips` vertical strips, up to as many as the grid has columns.
int strip_index(int x, int y, int bits, int strips);

/// Strips of a configuration with Order::curve `strips`.
int strips_of(const Config& config);

/// A schedule: queries in the order in which they are issued. `points`: of every query; `queries`: those that are
/// wanted, in the order of their arrival; empty: all.
std::vector<int> schedule(const Config& config, std::span<const OrderPoint> points, std::span<const int> queries = {});

/// The schedule of a layer.
std::vector<int> schedule(const Config& config, const QuantisedLayer& layer);

}  // namespace quillgen::model
