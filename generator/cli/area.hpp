// Square millimetres of a configuration, in the library that --library names.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/config.hpp"

namespace quillgen::cli {

struct AreaOptions {
  std::string library;  ///< one of explore::libraries(); empty: nobody asked
  double sram_um2 = 0;  ///< of a bit of SRAM; 0: what the library assumes

  bool asked() const { return !library.empty(); }
};

/// mm2 before wires.
struct Area {
  std::string library;
  double logic = 0, sram = 0;
};

/// Of the netlist of a valid configuration. Throws UserError for an unknown library.
Area area_of(const AreaOptions& options, const Config& config);

std::string text_of(const Area& area);             ///< a line, without its end
nlohmann::ordered_json to_json(const Area& area);  ///< library, logic, sram

}  // namespace quillgen::cli
