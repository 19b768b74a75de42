#include "cli/pruning_options.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/error.hpp"
#include "config/json_text.hpp"

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

void add_pruning_options(const Command& command, PruningOptions& options, bool of_model) {
  const auto text = [&](const std::string& what, const char* off) {
    return of_model ? what : fmt::format("{}; the hardware has none yet: {} only", what, off);
  };
  const std::string usual = "what the network says";
  command
      .add_option(points_name, options.points,
                  text("drop sampling points whose weight is below this share of their head's", "0"))
      .type_name("SHARE")
      .default_str(usual);
  command
      .add_option(pixels_name, options.pixels,
                  text("drop pixels that the layer before read less often than this share of their level's mean", "0"))
      .type_name("SHARE")
      .default_str(usual);
  command
      .add_option(range_name, options.range,
                  text("hold sampling points within so many pixels of their reference, level by level", "off"))
      .type_name("off|R,R,...")
      .default_str(usual);
}

Pruning chosen_pruning(const PruningOptions& o, const Pruning& by_default, int levels) {
  return {chosen_share(points_name, o.points, by_default.points, most_points),
          chosen_share(pixels_name, o.pixels, by_default.pixels, most_pixels),
          chosen_range(o.range, by_default.range, levels)};
}

void refuse_pruning(const PruningOptions& o, const Pruning& by_default, const std::string& file) {
  const auto without = fmt::format("{} 0 {} 0 {} off", points_name, pixels_name, range_name);
  for (const auto& [name, text, off] : {std::tuple{points_name, o.points, "0"}, std::tuple{pixels_name, o.pixels, "0"},
                                        std::tuple{range_name, o.range, "off"}}) {
    const bool is_off = std::string(off) == "off" ? text == off : parse_share(text, 0).has_value();
    if (!text.empty() && !is_off)
      throw UserError(
          fmt::format("{} {}: the hardware has no pruning yet; {} runs it without, and quillgen model has "
                      "the results with it",
                      name, shown(text), without));
  }
  for (const auto& [key, text, asks] : {std::tuple{"prune_points", o.points, by_default.points > 0},
                                        std::tuple{"prune_pixels", o.pixels, by_default.pixels > 0},
                                        std::tuple{"range", o.range, !by_default.range.empty()}})
    if (asks && text.empty())
      throw UserError(
          fmt::format("{}: metadata {}: the hardware has no pruning yet; {} runs it without, and quillgen "
                      "model has the results with it",
                      file, key, without));
}

}  // namespace quillgen::cli
