// What a UserError says.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/error.hpp"

namespace quillgen::test {

/// The message of the UserError that `action` throws; "" when it throws none.
template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const UserError& e) {
    return e.what();
  }
  return "";
}

/// One line that holds every part.
inline void check_refusal(const std::string& message, const std::vector<std::string>& parts) {
  CHECK(message.find('\n') == std::string::npos);
  for (const auto& part : parts) {
    CAPTURE(message);
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

}  // namespace quillgen::test
