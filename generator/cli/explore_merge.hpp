// quillgen explore merge: the results of the shards of a sweep joined.
#pragma once
#include "cli/commands.hpp"

namespace quillgen::cli {

/// Adds the command below `explore`.
void add_merge(const Command& explore, int& exit_status);

}  // namespace quillgen::cli
