// quillgen explore merge: the results of the shards of a sweep joined.
#pragma once
#include <CLI/CLI.hpp>

namespace quillgen::cli {

/// Adds the command below `explore`.
void add_merge(CLI::App& explore, int& exit_status);

}  // namespace quillgen::cli
