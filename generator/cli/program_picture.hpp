// The jobs of a program along its cycles, as SVG.
#pragma once
#include <string>

#include "estimate/program.hpp"

namespace quillgen::cli {

/// Layers and jobs as bars; below, a row an engine, filled in each phase of a job as high as it is busy there.
std::string program_picture(const Config& config, const estimate::ProgramDemand& demand,
                            const estimate::ProgramEstimate& estimate, int latency);

}  // namespace quillgen::cli
