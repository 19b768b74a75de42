#include "cli/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <vector>

#include "config/fields.hpp"
#include "config/presets.hpp"
#include "harness/dram_file.hpp"
#include "synthetic/models.hpp"

namespace quillgen::cli {
namespace {

using Words = std::vector<std::string>;

/// The names that an option takes, or the positional of a command.
std::map<std::string, Words> known_names() {
  Words preset_names, paths;
  for (const auto& p : presets()) preset_names.emplace_back(p.name);
  for (const auto& f : fields()) paths.push_back(f.path() + "=");
  for (const auto& list : level_lists()) paths.push_back(list.path() + "=");
  return {{"--preset", preset_names},          {"presets", preset_names}, {"--model", synthetic::model_names()},
          {"--memory", harness::dram_names()}, {"--set", paths},          {"--vary", paths}};
}

/// Of a shell's `case`: what is assigned when the word is one of these.
std::string when(const std::string& words, const std::string& assigned) {
  return fmt::format("    {}) {} ;;\n", words, assigned);
}

std::string assigned(const char* variable, const Words& words) {
  return fmt::format("{}='{}'", variable, fmt::join(words, " "));
}

}  // namespace

std::string bash_completion(const std::vector<CommandHelp>& commands) {
  const auto names = known_names();
  Words steps;                 // from a command to one of its own: "explore/merge"
  std::set<std::string> free;  // options whose value is a number, a file or the like
  std::string by_command, by_option;
  for (const auto& command : commands) {
    Words words = command.commands, options;
    for (const auto& name : command.commands) steps.push_back(fmt::format("'{}/{}'", command.name, name));
    if (const auto known = names.find(command.name); known != names.end()) words = known->second;
    for (const auto& option : command.options)
      for (const auto& name : option.typed) {
        options.push_back(name);
        if (option.takes_value() && !names.contains(name)) free.insert(name);
      }
    by_command += when("'" + command.name + "'", assigned("words", words) + " " + assigned("options", options));
  }
  for (const auto& [option, words] : names)
    if (option.starts_with("--")) by_option += when(option, assigned("words", words) + " options=");
  by_option += when(fmt::format("{}", fmt::join(free, " | ")), "words= options=");
  return fmt::format(R"bash(# Completion of quillgen in bash, made from its help.
_quillgen() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command= words= options= word
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$command/$word" in
      {}) command=${{command:+$command }}$word ;;
    esac
  done
  case "$command" in
{}  esac
  [[ $previous != "=" && $current != "=" ]] || return 0 # after PATH=
  case "$previous" in
{}  esac
  [[ $current != -* ]] || words=$options
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ ${{COMPREPLY[0]-}} != *= ]] || compopt -o nospace 2>/dev/null # a value follows
}}
complete -o default -F _quillgen quillgen)bash",
                     fmt::join(steps, " | "), by_command, by_option);
}

}  // namespace quillgen::cli
