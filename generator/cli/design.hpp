// The Verilog of the accelerator, or of one of its blocks.
#pragma once
#include <string>

#include "accel/generate.hpp"

namespace quillgen::cli {

struct DesignOptions {
  std::string prefix;             ///< put before the name of every module and its file
  std::string module = top_name;  ///< the block to print, with what it instantiates; its name without the prefix
};

/// The files of a valid configuration. Throws UserError for a prefix that makes no good names and for an unknown block.
emit::Files design(const Config& config, const DesignOptions& options = {});

}  // namespace quillgen::cli
