// The integration page of an output folder: what a chip team has to know to place, constrain and check the design.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/config.hpp"

namespace quillgen::accel {

/// Markdown. Ports, memories and gates are those of the manifest; the rest follows from the configuration.
/// `prefix` is that of the modules.
std::string integration_page(const Config& c, const nlohmann::ordered_json& manifest, const std::string& prefix);

}  // namespace quillgen::accel
