// A command of the command line and its options, by the names and rules of CLI11, which does the work. Few files
// include its own header: each would take 3 s more to compile, and 2 MB of the program for the objects it defines in
// every one.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace quillgen::command_line {

/// What an option can be read into. Another type is added here and at the end of command.cpp.
template <typename T, typename... Types>
concept one_of = (std::same_as<T, Types> || ...);
template <typename T>
concept OptionValue = one_of<T, std::string, int, std::uint64_t, double, std::vector<std::string>, std::vector<int>,
                             std::vector<std::uint64_t>>;

/// A handle: the program owns the option.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required();
  Option needs(Option other);
  Option excludes(Option other);
  Option excludes(const std::string& name);
  /// A list in one word: 1,2,3.
  Option delimiter(char delimiter);
  /// So many values.
  Option expected(int count);
  /// May be given several times, with a value each.
  Option repeatable();
  /// Digits alone, in the range: by itself CLI11 takes -1 for 2^64 - 1 and 010 for 8.
  Option whole_number(std::uint64_t least = 0, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  /// 0.5 or 1e-3.
  Option decimal_number();
  /// In the help: what the value is called, and its default, by a text or as it is now.
  Option type_name(const std::string& name);
  Option default_str(const std::string& text);
  Option capture_default_str();

 private:
  CLI::Option* option_;
};

/// A handle of a command, of a group of its options, or of the program itself.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  Command add_subcommand(const std::string& name, const std::string& text) const;
  Command add_option_group(const std::string& name) const;
  Command option_group(const std::string& name) const;
  /// `value` must live as long as the program. A name without dashes is a positional.
  template <OptionValue Value>
  Option add_option(const std::string& name, Value& value, const std::string& text) const;
  Option add_flag(const std::string& name, bool& value, const std::string& text) const;
  /// How many options of the group are to be given.
  void require_option(int count) const { require_option(count, count); }
  void require_option(int least, int most) const;
  /// What ends the help.
  void footer(const std::string& text) const;
  /// What is done when the command is chosen.
  void callback(std::function<void()> run) const;

  bool got_subcommand(const std::string& name) const;
  /// The options that were given, those of its groups left out.
  std::vector<std::string> given() const;

 protected:
  CLI::App* app_;
};

/// A program without subcommands.
class Program : public Command {
 public:
  explicit Program(const std::string& text);
  ~Program();
  Program(const Program&) = delete;

  /// Reads the options. The exit status when that ends the program: --help, or a mistake, which is told.
  std::optional<int> parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> owned_;
};

}  // namespace quillgen::command_line
