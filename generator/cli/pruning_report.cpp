#include "cli/pruning_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "estimate/dropped.hpp"

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string percent_of(const model::Dropped& d) { return d.of == 0 ? "-" : fmt::format("{:.1f} %", 100 * d.share()); }

void print_level(const std::string& name, const model::DroppedOfLevel& level) {
  fmt::print("{:<7} {:>15} {:>15} {:>9}\n", name, percent_of(level.encoder_points), percent_of(level.decoder_points),
             percent_of(level.pixels));
}

/// "44.1 % (by level 50.1, 43.2, 42.0, 40.9)"
std::string by_level(const model::DroppedByLevel& levels, const auto& of) {
  std::vector<std::string> shares;
  for (const auto& level : levels) shares.push_back(fmt::format("{:.1f}", 100 * of(level).share()));
  return fmt::format("{} (by level {})", percent_of(of(model::total(levels))), fmt::join(shares, ", "));
}

model::Dropped points_of(const model::DroppedOfLevel& level) {
  auto points = level.encoder_points;
  return points += level.decoder_points;
}

double percent_saved(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

Json shares_of(const model::DroppedOfLevel& level) {
  return {{"points", points_of(level).share()},
          {"encoder_points", level.encoder_points.share()},
          {"decoder_points", level.decoder_points.share()},
          {"pixels", level.pixels.share()}};
}

}  // namespace

model::DroppedByLevel dropped_of(const model::QuantisedLayer& layer, const model::Stages& stages) {
  model::DroppedByLevel levels(layer.levels.size());
  const auto points = dropped_points(layer, stages);
  for (std::size_t l = 0; l < levels.size(); ++l)
    (layer.boxes ? levels[l].decoder_points : levels[l].encoder_points) = points[l];
  if (layer.pruning.share == 0) return levels;
  const auto mask = dropped_pixels(stages.reads, layer.levels, layer.pruning);
  const auto pixels = model::count_mask(mask, layer.levels);
  for (std::size_t l = 0; l < levels.size(); ++l) levels[l].pixels = pixels[l];
  return levels;
}

model::DroppedByLevel dropped_of(const model::Program& program) {
  model::DroppedByLevel levels;
  for (const auto& job : program.jobs)
    if (const auto* a = std::get_if<model::ProgramAttention>(&job.work))
      model::add(levels, dropped_of(a->layer, a->stages));
  return levels;
}

model::DroppedByLevel dropped_of(const estimate::Demand& demand, const model::Pruning& pruning) {
  return estimate::dropped_of(demand, pruning);
}

model::DroppedByLevel dropped_of(const estimate::ProgramDemand& demand, const model::Pruning& pruning) {
  model::DroppedByLevel levels;
  for (const auto& job : demand.jobs)
    if (!job.demand.dense) model::add(levels, estimate::dropped_of(job.demand, pruning));
  return levels;
}

Saved saved(const estimate::Estimate& taken, const estimate::Estimate& whole) {
  const auto bytes = whole.bytes_read + whole.bytes_written;
  return {bytes - taken.bytes_read - taken.bytes_written, whole.cycles - taken.cycles, bytes, whole.cycles};
}

Saved saved(const estimate::ProgramEstimate& taken, const estimate::ProgramEstimate& whole) {
  return {whole.bytes - taken.bytes, whole.cycles - taken.cycles, whole.bytes, whole.cycles};
}

void print_left_out(const Pruning& pruning, const model::DroppedByLevel& dropped, const Saved& saved) {
  std::vector<std::string> what;
  if (pruning.points > 0)
    what.push_back(fmt::format("points below {} of a head {}", pruning.points, by_level(dropped, points_of)));
  if (pruning.pixels > 0)
    what.push_back(fmt::format("for the next layer pixels below {} of a level's mean {}", pruning.pixels,
                               by_level(dropped, [](const auto& level) { return level.pixels; })));
  if (!pruning.range.empty()) what.push_back(fmt::format("range {}", fmt::join(pruning.range, ",")));
  fmt::print("left out: {}\n", fmt::join(what, "; "));
  print_saved(saved);
}

void print_saved(const Saved& saved) {
  fmt::print(
      "saved of the same with nothing left out, by the estimate: {} of {} bytes ({:.1f} %), {} of {} cycles ({:.1f} "
      "%)\n",
      saved.bytes, saved.whole_bytes, percent_saved(saved.bytes, saved.whole_bytes), saved.cycles, saved.whole_cycles,
      percent_saved(saved.cycles, saved.whole_cycles));
}

void print_dropped(const Pruning& pruning, const model::DroppedByLevel& dropped) {
  fmt::print("\nleft out: points below {} of a head, pixels below {} of the mean of their level; range {}\n",
             pruning.points, pruning.pixels,
             pruning.range.empty() ? "off" : fmt::format("{}", fmt::join(pruning.range, ",")));
  fmt::print("{:<7} {:>15} {:>15} {:>9}\n", "level", "encoder points", "decoder points", "pixels");
  for (std::size_t l = 0; l < dropped.size(); ++l) print_level(fmt::format("{}", l), dropped[l]);
  print_level("all", model::total(dropped));
}

Json dropped_json(const Pruning& pruning, const model::DroppedByLevel& dropped) {
  auto json = shares_of(model::total(dropped));
  for (const auto& level : dropped) json["levels"].push_back(shares_of(level));
  Json range = "off";
  if (!pruning.range.empty()) range = pruning.range;
  json["chosen"] = {{"prune_points", pruning.points}, {"prune_pixels", pruning.pixels}, {"range", range}};
  return json;
}

Json dropped_json(const Pruning& pruning, const model::DroppedByLevel& dropped, const Saved& saved) {
  auto json = dropped_json(pruning, dropped);
  json["bytes_saved"] = saved.bytes, json["cycles_saved"] = saved.cycles;
  if (pruning.any()) json["bytes_whole"] = saved.whole_bytes, json["cycles_whole"] = saved.whole_cycles;
  return json;
}

}  // namespace quillgen::cli
