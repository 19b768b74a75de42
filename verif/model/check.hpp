// Contract checks of the model: on in every build, since the model is what everything else is held against.
#pragma once
#include <stdexcept>

namespace quillgen::model {

/// Throws std::logic_error with `what` unless `holds`.
inline void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace quillgen::model
