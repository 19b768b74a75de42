// What `--help` and `--version` show, and what the build makes of the same: the manual page and the completion in bash.
#pragma once
#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace quillgen::cli {

/// Gives the program its form of help, --version, and two hidden options that print the manual page and the completion.
/// Comes before the commands: they inherit the form.
void add_help(CLI::App& app);

/// Ends the help of a command with examples, each the arguments of a command line that works as it stands. A test runs
/// them in the order of the help, in one folder: a later one may read what an earlier one wrote.
void add_examples(CLI::App& command, std::initializer_list<std::string> lines);

/// File `name` of the example layers: in the installation, or in `examples` of the project's folder.
std::string example(const std::string& name);

/// What the exit status says: {"0", "bit-exact or clean"}.
std::vector<std::pair<std::string, std::string>> exit_statuses();

/// A command with its options, those of its groups included and hidden ones left out.
struct Command {
  const CLI::App* app;
  std::string name;  ///< "explore merge"; empty: the program itself
  std::vector<const CLI::Option*> options;
};

/// The program first, then its commands in the order of the help, each followed by its own.
std::vector<Command> commands_of(const CLI::App& app);

/// "--seed", "-h,--help", or the name of a positional.
std::string option_name(const CLI::Option& option);
/// False for a flag.
bool takes_value(const CLI::Option& option);
/// What follows the name: "UINT ...", empty for a flag.
std::string option_values(const CLI::Option& option);
/// What it says, what it needs and excludes, and its default.
std::string option_text(const CLI::Option& option);

}  // namespace quillgen::cli
