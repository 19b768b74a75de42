// The RTL is not what the harness needs: a mistake of the user who edited it, or ours when it was just generated.
#pragma once
#include "config/error.hpp"

namespace quillgen::harness {

struct RtlError : UserError {
  using UserError::UserError;
};

}  // namespace quillgen::harness
