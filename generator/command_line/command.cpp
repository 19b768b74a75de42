#include "command_line/command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "config/json_text.hpp"

namespace quillgen::command_line {
namespace {

/// Whether the text is a number of this kind to its last character.
template <typename Number>
bool read(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Option Option::required() { return Option(option_->required()); }
Option Option::needs(Option other) { return Option(option_->needs(other.option_)); }
Option Option::excludes(Option other) { return Option(option_->excludes(other.option_)); }
Option Option::excludes(const std::string& name) { return Option(option_->excludes(name)); }
Option Option::delimiter(char delimiter) { return Option(option_->delimiter(delimiter)); }
Option Option::expected(int count) { return Option(option_->expected(count)); }
Option Option::repeatable() { return Option(option_->take_all()->expected(1)); }
Option Option::type_name(const std::string& name) { return Option(option_->type_name(name)); }
Option Option::default_str(const std::string& text) { return Option(option_->default_str(text)); }
Option Option::capture_default_str() { return Option(option_->capture_default_str()); }

Option Option::whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    std::uint64_t number = 0;
    if (!read(text, number) || number < least || number > most)
      return fmt::format("{} is no whole number from {} to {}", shown(text), least, most);
    text = fmt::format("{}", number);  // without zeros in front
    return "";
  };
  const bool any = least == 0 && most == std::numeric_limits<std::uint64_t>::max();
  return Option(option_->transform(CLI::Validator(check, any ? "" : fmt::format("INT in [{} - {}]", least, most))));
}

Option Option::decimal_number() {
  const auto check = [](std::string& text) -> std::string {
    double number = 0;
    return read(text, number) ? "" : fmt::format("{} is no decimal number such as 0.5", shown(text));
  };
  return Option(option_->transform(CLI::Validator(check, "")));
}

Command Command::add_subcommand(const std::string& name, const std::string& text) const {
  return Command(app_->add_subcommand(name, text));
}
Command Command::add_option_group(const std::string& name) const { return Command(app_->add_option_group(name)); }
Command Command::option_group(const std::string& name) const {
  return Command(dynamic_cast<CLI::App*>(app_->get_option_group(name)));
}
Option Command::add_flag(const std::string& name, bool& value, const std::string& text) const {
  return Option(app_->add_flag(name, value, text));
}
void Command::require_option(int least, int most) const {
  app_->require_option(static_cast<std::size_t>(least), static_cast<std::size_t>(most));
}
void Command::footer(const std::string& text) const { app_->footer(text); }
void Command::callback(std::function<void()> run) const { app_->callback(std::move(run)); }
bool Command::got_subcommand(const std::string& name) const { return app_->got_subcommand(name); }

std::vector<std::string> Command::given() const {
  std::vector<std::string> names;
  for (const auto* option : app_->get_options())
    if (option->count() > 0) names.push_back(option->get_name());
  return names;
}

Program::Program(const std::string& text) : Command(nullptr), owned_(std::make_unique<CLI::App>(text)) {
  app_ = owned_.get();
}
Program::~Program() = default;

std::optional<int> Program::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app_->exit(e);
  }
  return std::nullopt;
}

template <OptionValue Value>
Option Command::add_option(const std::string& name, Value& value, const std::string& text) const {
  return Option(app_->add_option(name, value, text));
}
template Option Command::add_option(const std::string&, std::string&, const std::string&) const;
template Option Command::add_option(const std::string&, int&, const std::string&) const;
template Option Command::add_option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Command::add_option(const std::string&, double&, const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<std::string>&, const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<int>&, const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<std::uint64_t>&, const std::string&) const;

}  // namespace quillgen::command_line
