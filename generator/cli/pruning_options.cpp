#include "cli/pruning_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/region.hpp"

namespace quillgen::cli {
namespace {

constexpr const char* points_name = "--prune-points";
constexpr const char* pixels_name = "--prune-pixels";
constexpr const char* range_name = "--range";

double chosen_share(const char* option, const std::string& text, double by_default, double most) {
  if (text.empty()) return by_default;
  const auto share = parse_share(text, most);
  if (!share)
    throw UserError(fmt::format("{} {}: must be a number, 0 .. {}; 0 drops nothing", option, shown(text), most));
  return *share;
}

std::vector<int> chosen_range(const std::string& text, const std::vector<int>& by_default, int levels) {
  if (text.empty()) return by_default;
  const auto range = parse_range(text, levels);
  if (!range)
    throw UserError(
        fmt::format("{} {}: must be off, or a whole number of pixels, 0 .. {}, for each of the {} levels, with "
                    "commas between",
                    range_name, shown(text), model::largest_range, levels));
  return *range;
}

}  // namespace

std::vector<std::string> PruningOptions::words() const {
  std::vector<std::string> words;
  for (const auto& [name, value] :
       {std::pair{points_name, &points}, std::pair{pixels_name, &pixels}, std::pair{range_name, &range}})
    if (!value->empty()) words.insert(words.end(), {name, *value});
  return words;
}

void add_pruning_options(const Command& command, PruningOptions& options) {
  const std::string usual = "what the network says";
  command
      .add_option(points_name, options.points,
                  "drop sampling points whose weight is below this share of their head's; of hardware: with "
                  "pruning.points")
      .type_name("SHARE")
      .default_str(usual);
  command
      .add_option(pixels_name, options.pixels,
                  "drop pixels that the layer before read less often than this share of their level's mean; of "
                  "hardware: with pruning.count_bits")
      .type_name("SHARE")
      .default_str(usual);
  command
      .add_option(range_name, options.range,
                  "hold sampling points within so many pixels of their reference, level by level; of hardware: up to "
                  "pruning.max_range")
      .type_name("off|R,R,...")
      .default_str(usual);
}

void refuse_for_dense(const PruningOptions& options) {
  if (const auto words = options.words(); !words.empty())
    throw UserError(fmt::format("{}: a dense product has no points: leave it out", words.front()));
}

Pruning chosen_pruning(const PruningOptions& o, const Pruning& by_default, int levels) {
  return {chosen_share(points_name, o.points, by_default.points, most_points),
          chosen_share(pixels_name, o.pixels, by_default.pixels, most_pixels),
          chosen_range(o.range, by_default.range, levels)};
}

Pruning hardware_pruning(const PruningOptions& o, const Config& config, const Pruning& by_default,
                         const std::string& file) {
  const auto pruning = chosen_pruning(o, by_default, config.attention.levels);
  const auto refuse = [&](const char* option, const std::string& typed, const char* key, const std::string& why,
                          const std::string& mend) {
    const auto what =
        typed.empty() ? fmt::format("{}: metadata {}", file, key) : fmt::format("{} {}", option, shown(typed));
    throw UserError(fmt::format("{}: {}; {}", what, why, mend));
  };
  if (pruning.pixels > 0 && config.pruning.count_bits == 0)
    refuse(pixels_name, o.pixels, "prune_pixels", fmt::format("{} counts no pixels", config.name),
           fmt::format("add --set pruning.count_bits=16, or {} 0", pixels_name));
  if (pruning.points > 0 && config.pruning.points == 0)
    refuse(points_name, o.points, "prune_points", fmt::format("{} drops no points", config.name),
           fmt::format("add --set pruning.points=true, or {} 0", points_name));
  const int most = pruning.range.empty() ? 0 : *std::max_element(pruning.range.begin(), pruning.range.end());
  if (!pruning.range.empty() && (config.pruning.max_range == 0 || most > config.pruning.max_range))
    refuse(range_name, o.range, "range",
           fmt::format("{} holds ranges up to pruning.max_range = {}{}", config.name, config.pruning.max_range,
                       config.pruning.max_range == 0 ? ", which is none" : ""),
           fmt::format("add --set pruning.max_range={}, or {} off", std::max(most, 1), range_name));
  if (!has_ranged_regions(config)) return pruning;
  const auto& ranges = config.feature_cache.region_ranges;
  const auto all = fmt::format("{}", fmt::join(ranges, ","));
  const auto why =
      fmt::format("the regions of {} hold what lies within feature_cache.region_ranges = {} alone", config.name, all);
  const auto mend = fmt::format("give {} {}, or change feature_cache.region_ranges", range_name, all);
  if (pruning.range.empty() && o.range.empty() && file.empty())
    throw UserError(fmt::format("{} nothing: {}; {}", range_name, why, mend));
  if (pruning.range.empty()) refuse(range_name, o.range, "range", why, mend);
  for (std::size_t l = 0; l < ranges.size(); ++l)
    if (pruning.range[l] > ranges[l]) refuse(range_name, o.range, "range", why, mend);
  return pruning;
}

Pruning indispensable(const Pruning& pruning, const Config& config) {
  Pruning kept;
  if (has_ranged_regions(config)) kept.range = pruning.range;
  return kept;
}

void check_drawn(const Pruning& pruning, const std::string& file) {
  if (pruning.pixels > 0)
    throw UserError(
        fmt::format("{}: drops pixels that are seldom read, and without --input none is; take quillgen estimate with "
                    "--scales and --input, or --prune-pixels 0",
                    file));
}

}  // namespace quillgen::cli
