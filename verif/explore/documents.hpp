// The results of a sweep as JSON: a shard's, and those of all points.
#pragma once
#include <string>
#include <vector>

#include "explore/shard.hpp"
#include "explore/sweep.hpp"

namespace quillgen::explore {

/// What a shard leaves for the merge: sweep, shard and its points.
Json shard_document(const Sweep& sweep, const Shard& shard, const std::vector<Point>& points);

/// Sweep, number of points on the front and refused, numbers of the front in its order, and all points.
Json document(const Sweep& sweep, const std::vector<Point>& points);

/// A document that was read, with the name of its file for messages.
struct ShardFile {
  std::string name;
  Json json;
};

/// A sweep and all its points, by number.
struct Merged {
  Sweep sweep;
  std::vector<Point> points;
};

/// Joins shards, in any order. Throws UserError unless they are all shards of one sweep, each there once.
Merged merge(const std::vector<ShardFile>& files);

}  // namespace quillgen::explore
