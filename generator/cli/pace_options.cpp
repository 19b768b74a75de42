#include "cli/pace_options.hpp"

#include <fmt/core.h>

#include "config/error.hpp"

namespace quillgen::cli {

void add_pace_options(const Command& command, estimate::Pace& pace) {
  command.add_option("--clock", pace.clock_mhz, "also tell milliseconds, frames and bytes a second at this clock")
      .type_name("MHZ")
      .decimal_number();
  command.add_option("--layers", pace.layers, "with --clock: how often a frame runs the layer, as a decoder of 6 does")
      .whole_number(1, 1000)
      .capture_default_str();
}

void check_pace(const estimate::Pace& pace, bool network) {
  constexpr double least = 1, most = 10000;
  if (pace.given() && !(pace.clock_mhz >= least && pace.clock_mhz <= most))
    throw UserError(fmt::format("--clock {:g}: must be from {:g} to {:g} MHz; correct it", pace.clock_mhz, least, most));
  if (pace.layers > 1 && !pace.given())
    throw UserError("--layers: tells of a frame in milliseconds, which needs --clock; give both");
  if (pace.layers > 1 && network)
    throw UserError("--layers: a network has its layers; leave it out, or name one layer with --workload or --model");
}

}  // namespace quillgen::cli
