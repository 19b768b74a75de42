#include "cli/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/completion.hpp"
#include "cli/manual_page.hpp"
#include "cli/version.hpp"

namespace quillgen::cli {
namespace {

namespace fs = std::filesystem;

std::string version_text() {
#ifdef __clang__
  constexpr const char* compiler = "clang " __clang_version__;
#else
  constexpr const char* compiler = "g++ " __VERSION__;
#endif
  return fmt::format("quillgen {}\nbuilt with {} ({}), fmt {}.{}.{}, CLI11 {}, nlohmann-json {}.{}.{}", version,
                     compiler, build_type, FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
                     CLI11_VERSION, NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                     NLOHMANN_JSON_VERSION_PATCH);
}

/// In the order of the alphabet: the library keeps them by address.
std::set<std::string> names_of(const std::set<CLI::Option*>& options) {
  std::set<std::string> names;
  for (const auto* option : options) names.insert(option->get_name());
  return names;
}

/// What follows the name.
std::string option_values(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";  // a flag
  auto text = option.get_type_name();                   // "INT:INT in [1 - 9]" where there is a range
  if (const auto colon = text.find(':'); colon != std::string::npos) text.erase(0, colon + 1);
  if (option.get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
  else if (option.get_expected_min() > 1) text += fmt::format(" x {}", option.get_expected_min());
  if (option.get_required()) text += " REQUIRED";
  return text;
}

/// What it says, what it needs and excludes, and its default.
std::string option_text(const CLI::Option& option) {
  std::vector<std::string> notes;
  if (!option.get_needs().empty())
    notes.push_back(fmt::format("needs {}", fmt::join(names_of(option.get_needs()), ", ")));
  if (!option.get_excludes().empty())
    notes.push_back(fmt::format("not with {}", fmt::join(names_of(option.get_excludes()), ", ")));
  auto value = option.get_default_str();
  if (value.size() > 1 && value.front() == '[') value = value.substr(1, value.size() - 2);  // a list
  if (!value.empty()) notes.push_back("default " + value);
  if (notes.empty()) return option.get_description();
  return fmt::format("{} ({})", option.get_description(), fmt::join(notes, "; "));
}

/// The library's own, but for the options: what they need and their defaults stand with what they say.
class Form : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const auto values = option_values(*option);
    return values.empty() ? values : " " + values;
  }
  std::string make_option_desc(const CLI::Option* option) const override { return wrapped(option_text(*option)); }

 private:
  /// In lines that end before column 120; the library indents them.
  static std::string wrapped(std::string text) {
    constexpr std::size_t width = 86;
    for (std::size_t from = 0; text.size() - from > width;) {
      const auto space = text.rfind(' ', from + width);
      if (space == std::string::npos || space <= from) break;
      text[space] = '\n';
      from = space + 1;
    }
    return text;
  }
};

std::vector<std::string> typed(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

void add_options(const CLI::App& app, std::vector<OptionHelp>& options) {
  const bool is_group = app.get_name().empty();  // and has a --help of its own, which nobody can give
  for (const auto* option : app.get_options()) {
    const bool is_help = option == app.get_help_ptr();
    if (!option->get_group().empty() && !(is_group && is_help))
      options.push_back({option->get_name(option->get_positional(), !option->get_positional()), typed(*option),
                         option_values(*option), option_text(*option), is_help});
  }
  for (const auto* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); }))
    add_options(*group, options);
}

void add_commands(const CLI::App& app, const std::string& name, std::vector<CommandHelp>& commands) {
  CommandHelp help{name, app.get_description(), app.get_footer(), {}, {}};
  add_options(app, help.options);
  const auto own = app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
  for (const auto* sub : own) help.commands.push_back(sub->get_name());
  commands.push_back(std::move(help));
  for (const auto* sub : own)
    add_commands(*sub, name.empty() ? sub->get_name() : name + " " + sub->get_name(), commands);
}

/// The program first, then its commands in the order of the help, each followed by its own.
std::vector<CommandHelp> commands_of(const CLI::App& program) {
  std::vector<CommandHelp> commands;
  add_commands(program, "", commands);
  return commands;
}

}  // namespace

void add_help(CLI::App& app) {
  app.formatter(std::make_shared<Form>());
  app.set_version_flag("--version", version_text, "Print the version and what it was built with");
  // Like --version, these end the program with a text.
  app.add_flag_callback("--print-completion",
                        [&app] { throw CLI::CallForVersion(bash_completion(commands_of(app)), 0); })
      ->group("");
  app.add_option_function<std::string>(
         "--print-manual",
         [&app](const std::string& examples) { throw CLI::CallForVersion(manual_page(commands_of(app), examples), 0); })
      ->group("");
}

void add_examples(const Command& command, std::initializer_list<std::string> lines) {
  command.footer(
      fmt::format("Example{}:\n  quillgen {}", lines.size() > 1 ? "s" : "", fmt::join(lines, "\n  quillgen ")));
}

std::string example(const std::string& name) {
  std::error_code unknown;
  const auto installed =
      (fs::read_symlink("/proc/self/exe", unknown).parent_path() / "../share/quillgen/examples").lexically_normal();
  return (fs::is_directory(installed, unknown) ? installed : fs::path("examples")) / name;
}

std::vector<std::pair<std::string, std::string>> exit_statuses() {
  return {{"0", "bit-exact, clean, or done"},
          {"1", "a mismatch, a hang, or warnings"},
          {"2", "a mistake in the command or its files, or a missing tool"},
          {"3", "a fault of quillgen"},
          {"130", "interrupted"}};
}

}  // namespace quillgen::cli
