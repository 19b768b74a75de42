// What the order of queries and the feature cache make of the reads of a layer: which lines are fetched, and how often.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "estimate/demand.hpp"

namespace quillgen::trace {

class LookupList;

/// Lines read from memory by Belady's rule (belady.hpp), the queries in the same order.
struct Least {
  std::int64_t in_sets = 0;   ///< in the sets and ways of the configuration
  std::int64_t anywhere = 0;  ///< with any line in any place of its lane and of its level's part
};

/// Of one level, or of all; lines are those of one head.
struct Traffic {
  std::int64_t lookups = 0;     ///< over all samples, lines that hold a corner which is read
  std::int64_t hits = 0;        ///< of them, those found on chip or brought there ahead
  std::int64_t fetched = 0;     ///< lines read from memory
  std::int64_t again = 0;       ///< of them, those that had been read before
  std::int64_t compulsory = 0;  ///< distinct lines that are looked up
  std::int64_t map_bytes = 0;   ///< features of the level, each once and without padding
  std::optional<Least> least;

  double hit_rate() const;
  /// Bytes of so many lines against the map.
  double of_map(std::int64_t lines, int line_bytes) const;
};

/// How often the lines of level 0 were fetched, by place: mean of the heads.
struct Fetches {
  int rows = 0, columns = 0;
  std::vector<double> times;  ///< [rows, columns]
};

struct Trace {
  std::vector<int> order;  ///< queries as they were visited
  int line_bytes = 0;
  std::vector<Traffic> levels;
  Traffic total;
  Fetches fetches;
};

/// Runs order and caches of `config` on the places of `demand`, an attention layer. Throws UserError unless it fits.
Trace run_trace(const Config& config, const estimate::Demand& demand);

/// Adds Traffic::least to a trace of `config`, whose policy is `line`. `lookups`: those of its order.
void add_least(Trace& trace, const Config& config, const LookupList& lookups);

}  // namespace quillgen::trace
