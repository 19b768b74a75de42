// A finished design as files: one module a file, the modules of templates/ it needs, files.f and manifest.json.
#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "emit/verilog.hpp"

namespace quillgen::emit {

/// File name to text.
using Files = std::map<std::string, std::string>;

/// Checks the design below `top` (passes/verify.hpp) and prints it: `top` and what it instantiates. `config` goes into
/// the manifest as it is. The manifest lists top, configuration, ports, modules (children before parents), memories,
/// gates of clock and reset, and taps; "part_of" names the last module of `design`, the whole, when `top` is another
/// one.
Files design_files(const hdl::Design& design, const hdl::Module& top, const nlohmann::ordered_json& config,
                   const Options& options = {});

}  // namespace quillgen::emit
