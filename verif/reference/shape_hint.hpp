// What is likely to be wrong with a tensor of another shape than expected.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace quillgen {

using TensorShape = std::vector<std::int64_t>;

/// "; export one image, without the batch dimension" and the like; empty when nothing comes to mind.
std::string shape_hint(const TensorShape& shape, const TensorShape& expected);

}  // namespace quillgen
