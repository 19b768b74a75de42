// What is left out of a layer or a network: --prune-points, --prune-pixels, --range.
#pragma once
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "config/config.hpp"
#include "reference/pruning.hpp"

namespace quillgen::cli {

/// As they were typed; empty: not given. Must live as long as the command they were added to.
struct PruningOptions {
  std::string points, pixels, range;

  /// The words that give them again.
  std::vector<std::string> words() const;
};

void add_pruning_options(const Command& command, PruningOptions& options);

/// Throws UserError if any was given: a dense product has nothing to leave out.
void refuse_for_dense(const PruningOptions& options);

/// What was chosen of a subject with so many levels, `by_default` (what a network was trained with) for what was not
/// given. Throws UserError for other texts.
Pruning chosen_pruning(const PruningOptions& options, const Pruning& by_default, int levels);

/// The same of commands about the hardware of `config`. Throws UserError where it has none for what is to be left out
/// of the network `file`, trained with `by_default`, or of another subject, where `file` is empty.
Pruning hardware_pruning(const PruningOptions& options, const Config& config, const Pruning& by_default = {},
                         const std::string& file = {});

/// What of it this hardware cannot do without: with region_ranges nothing outside of its ranges is on chip.
Pruning indispensable(const Pruning& pruning, const Config& config);

/// Throws UserError if pixels are to be dropped from the network `file` without scenes: none of them is read.
void check_drawn(const Pruning& pruning, const std::string& file);

}  // namespace quillgen::cli
