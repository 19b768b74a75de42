// What somebody may have meant by a name that does not exist.
#pragma once
#include <string>
#include <vector>

namespace quillgen {

/// The `count` names most like `name`, the likest first: those that contain it, then by the number of characters to
/// insert, drop or change.
std::vector<std::string> nearest(const std::string& name, std::vector<std::string> names, std::size_t count);

}  // namespace quillgen
