#include "cli/pruning_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace quillgen::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string percent_of(const model::Dropped& d) { return d.of == 0 ? "-" : fmt::format("{:.1f} %", 100 * d.share()); }

void print_level(const std::string& name, const model::DroppedOfLevel& level) {
  fmt::print("{:<7} {:>15} {:>15} {:>9}\n", name, percent_of(level.encoder_points), percent_of(level.decoder_points),
             percent_of(level.pixels));
}

Json shares_of(const model::DroppedOfLevel& level) {
  auto points = level.encoder_points;
  points += level.decoder_points;
  return {{"points", points.share()},
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

}  // namespace quillgen::cli
