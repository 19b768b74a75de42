// The one exception for mistakes of the user. Its text is one line: what, where, why, how to mend it. The program exits
// with 2.
#pragma once
#include <stdexcept>
#include <string>

namespace quillgen {
struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
}  // namespace quillgen
