#include "cli/number_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "config/json_text.hpp"

namespace quillgen::cli {
namespace {

/// Whether the text is a number of this kind to its last character.
template <typename Number>
bool read(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    std::uint64_t number = 0;
    if (!read(text, number) || number < least || number > most)
      return fmt::format("{} is no whole number from {} to {}", shown(text), least, most);
    text = fmt::format("{}", number);  // without zeros in front
    return "";
  };
  const bool any = least == 0 && most == std::numeric_limits<std::uint64_t>::max();
  return {check, any ? "" : fmt::format("INT in [{} - {}]", least, most)};
}

CLI::Validator decimal_number() {
  const auto check = [](std::string& text) -> std::string {
    double number = 0;
    return read(text, number) ? "" : fmt::format("{} is no decimal number such as 0.5", shown(text));
  };
  return {check, ""};
}

}  // namespace quillgen::cli
