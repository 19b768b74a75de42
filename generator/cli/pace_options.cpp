#include "cli/pace_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "config/error.hpp"
#include "explore/library.hpp"
#include "harness/dram_file.hpp"

namespace quillgen::cli {

void add_pace_options(const Command& command, estimate::Pace& pace) {
  command.add_option("--clock", pace.clock_mhz, "also tell milliseconds, frames and bytes a second at this clock")
      .type_name("MHZ")
      .decimal_number();
  command.add_option("--layers", pace.layers, "with --clock: how often a frame runs the layer, as a decoder of 6 does")
      .whole_number(1, 1000)
      .capture_default_str();
}

void add_memory_option(const Command& command, std::string& memory) {
  command
      .add_option("--memory", memory,
                  fmt::format("a DRAM in place of --latency: {}, or a file; at --clock, if it is given",
                              fmt::join(harness::dram_names(), ", ")))
      .excludes("--latency");
}

void add_library_options(const Command& command, std::string& library, double& sram_um2) {
  std::vector<std::string_view> names;
  for (const auto& known : explore::libraries()) names.push_back(known.name);
  command.add_option("--library", library,
                     fmt::format("also tell mm2 in these standard cells, one of {}", fmt::join(names, ", ")));
  command.add_option("--sram", sram_um2, "with --library: of a bit of SRAM with its periphery")
      .type_name("UM2")
      .decimal_number()
      .default_str("what the library assumes");
}

void check_library(const std::string& library, double sram_um2) {
  if (!library.empty()) explore::library_of(library, sram_um2);
  if (library.empty() && sram_um2 > 0) throw UserError("--sram: tells of an area, which needs --library; give both");
  if (sram_um2 > 1000) throw UserError(fmt::format("--sram {:g}: must be at most 1000 um2; correct it", sram_um2));
}

void check_pace(const estimate::Pace& pace, bool network) {
  constexpr double least = 1, most = 10000;
  if (pace.given() && !(pace.clock_mhz >= least && pace.clock_mhz <= most))
    throw UserError(
        fmt::format("--clock {:g}: must be from {:g} to {:g} MHz; correct it", pace.clock_mhz, least, most));
  if (pace.layers > 1 && !pace.given())
    throw UserError("--layers: tells of a frame in milliseconds, which needs --clock; give both");
  if (pace.layers > 1 && network)
    throw UserError("--layers: a network has its layers; leave it out, or name one layer with --workload or --model");
}

}  // namespace quillgen::cli
