// What `--help` and `--version` show, and what the build makes of the same: the manual page and the completion in bash.
#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"

namespace quillgen::cli {

/// Gives the program its form of help, --version, and two hidden options that print the manual page and the completion.
/// Comes before the commands: they inherit the form.
void add_help(CLI::App& app);

/// Ends the help of a command with examples, each the arguments of a command line that works as it stands. A test runs
/// them in the order of the help, in one folder: a later one may read what an earlier one wrote.
void add_examples(const Command& command, std::initializer_list<std::string> lines);

/// File `name` of the example layers: in the installation, or in `examples` of the project's folder.
std::string example(const std::string& name);

/// What the exit status says: {"0", "bit-exact or clean"}.
std::vector<std::pair<std::string, std::string>> exit_statuses();

struct OptionHelp {
  std::string name;                ///< "--seed", "-h,--help", or the name of a positional
  std::vector<std::string> typed;  ///< "-h" and "--help"; none of a positional
  std::string values;              ///< what follows the name: "UINT ...", empty for a flag
  std::string text;                ///< what it says, what it needs and excludes, and its default
  bool is_help;                    ///< --help, which every command has
  bool takes_value() const { return !values.empty(); }
};

/// A command with its options, those of its groups included and hidden ones left out.
struct CommandHelp {
  std::string name;  ///< "explore merge"; empty: the program itself
  std::string text;
  std::string footer;  ///< its examples
  std::vector<OptionHelp> options;
  std::vector<std::string> commands;  ///< names of its own
};

}  // namespace quillgen::cli
