#include "cli/network_options.hpp"

#include <fmt/core.h>

#include <charconv>

#include "config/error.hpp"

namespace quillgen::cli {

void add_network_options(const Command& command, const Command& subject, NetworkOptions& options, bool with_scenes,
                         const std::string& scenes_by_default) {
  auto network = subject.add_option("--network", options.network, "a whole detector (safetensors)");
  auto scales = command.add_option("--scales", options.scales, "its scales, from quillgen calibrate");
  auto input = command.add_option("--input", options.input, "scenes for it (safetensors)");
  if (with_scenes) network.needs(scales), network.needs(input);
  else scales.needs(input), input.needs(scales);
  scales.needs(network), input.needs(network);
  command.add_option("--scenes", options.scenes, "of the input: 0:10 for the first ten")
      .type_name("RANGE")
      .default_str(scenes_by_default)
      .needs(input);
}

SceneRange chosen_scenes(const NetworkOptions& options, const network::SceneFile& file) {
  if (options.scenes.empty()) return {0, file.scenes()};
  SceneRange range;
  const char* const end = options.scenes.data() + options.scenes.size();
  const auto first = std::from_chars(options.scenes.data(), end, range.first);
  const bool has_colon = first.ec == std::errc() && first.ptr != end && *first.ptr == ':';
  const auto last = has_colon ? std::from_chars(first.ptr + 1, end, range.last) : first;
  if (!has_colon || last.ec != std::errc() || last.ptr != end || range.first < 0 || range.first >= range.last ||
      range.last > file.scenes())
    throw UserError(fmt::format("--scenes {}: must be FIRST:END with 0 <= FIRST < END <= {}, the scenes of {}",
                                options.scenes, file.scenes(), file.file()));
  return range;
}

}  // namespace quillgen::cli
