#include "explore/documents.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "explore/pareto.hpp"

namespace quillgen::explore {
namespace {

Json head(const Sweep& sweep) {
  return {{"generator", "quillgen"}, {"version", QUILLGEN_VERSION}, {"sweep", to_json(sweep)}};
}

[[noreturn]] void refuse(const ShardFile& file, const std::string& why) {
  throw UserError(fmt::format("{}: {}", file.name, why));
}

Shard shard_of(const ShardFile& file) {
  const auto& json = file.json;
  if (!json.is_object() || json.value("generator", Json()) != "quillgen" || !json.contains("sweep") ||
      !json.contains("shard"))
    refuse(file, "is no shard of a sweep; give the files that `quillgen explore --shard` wrote");
  return parse_shard(json["shard"].get<std::string>());
}

/// The first thing in which two documents are of different sweeps; empty when they are of one.
std::string difference(const Json& a, const Json& b) {
  if (a.at("version") != b.at("version")) return "version of quillgen";
  for (const auto& [key, value] : a.at("sweep").items())
    if (b.at("sweep").value(key, Json()) != value) return key;
  return a.at("sweep").size() == b.at("sweep").size() ? "" : "sweep";
}

std::string missing(const std::map<int, const ShardFile*>& found, int of) {
  std::vector<std::string> numbers;
  for (int i = 1; i <= of; ++i)
    if (!found.contains(i)) numbers.push_back(fmt::format("{}/{}", i, of));
  const auto count = numbers.size();
  numbers.resize(std::min<std::size_t>(count, 10));
  return fmt::format("{}{}", fmt::join(numbers, ", "), count > 10 ? fmt::format(" and {} more", count - 10) : "");
}

std::vector<Point> points_of(const ShardFile& file, const Shard& shard, std::int64_t of) {
  std::vector<Point> points;
  std::vector<std::int64_t> numbers;
  for (const auto& json : file.json.at("points")) {
    points.push_back(point_from_json(json));
    numbers.push_back(points.back().number);
  }
  if (numbers != shard.points(of))
    refuse(file, fmt::format("does not hold the points of shard {}; run this shard again", shard.text()));
  return points;
}

/// Every shard once and all of one sweep.
std::map<int, const ShardFile*> by_number(const std::vector<ShardFile>& files) {
  std::map<int, const ShardFile*> found;
  const auto first = shard_of(files.front());
  for (const auto& file : files) {
    const auto shard = shard_of(file);
    if (const auto what = difference(files.front().json, file.json); !what.empty())
      refuse(file, fmt::format("is of another sweep than {} ({} differs); merge the shards of one", files.front().name,
                               what));
    if (shard.of != first.of)
      refuse(file, fmt::format("is one of {} shards, and {} is one of {}; merge those of one cut", shard.of,
                               files.front().name, first.of));
    if (const auto [at, is_new] = found.emplace(shard.number, &file); !is_new)
      refuse(file, fmt::format("is shard {}, and so is {}; give each shard once", shard.text(), at->second->name));
  }
  if (found.size() < static_cast<std::size_t>(first.of))
    throw UserError(fmt::format("shards are missing: {}; run `quillgen explore` for each with its --shard, then merge",
                                missing(found, first.of)));
  return found;
}

}  // namespace

Json shard_document(const Sweep& sweep, const Shard& shard, const std::vector<Point>& points) {
  auto json = head(sweep);
  json["shard"] = shard.text();
  json["points"] = Json::array();
  for (const auto& p : points) json["points"].push_back(to_json(p, sweep.axes));
  return json;
}

Json document(const Sweep& sweep, const std::vector<Point>& points) {
  auto json = head(sweep);
  json["refused"] = std::ranges::count_if(points, [](const Point& p) { return !p.refused.empty(); });
  json["front"] = Json::array();
  for (const auto i : front(points, sweep.objectives)) json["front"].push_back(points[i].number);
  json["points"] = Json::array();
  for (const auto& p : points) {
    json["points"].push_back(to_json(p, sweep.axes));
    if (sweep.pace.given() && p.refused.empty())
      json["points"].back()["rate"] = to_json(rate_of(p.figures.cycles, p.figures.bytes, sweep.pace), sweep.pace);
  }
  return json;
}

Merged merge(const std::vector<ShardFile>& files) {
  if (files.empty()) throw UserError("no shards: give the files that `quillgen explore --shard` wrote");
  const ShardFile* current = &files.front();
  try {
    const auto shards = by_number(files);
    Merged merged{sweep_from_json(files.front().json.at("sweep")), {}};
    for (const auto& [number, file] : shards) {
      current = file;
      auto points = points_of(*file, {number, static_cast<int>(shards.size())}, merged.sweep.points());
      std::ranges::move(points, std::back_inserter(merged.points));
    }
    std::ranges::sort(merged.points, {}, &Point::number);
    return merged;
  } catch (const nlohmann::json::exception&) {
    refuse(*current, "is damaged; run this shard again");
  }
}

}  // namespace quillgen::explore
