#include "reference/workload_names.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/json_text.hpp"
#include "config/nearest.hpp"

namespace quillgen {
namespace {

const std::vector<std::string> tensor_names = {"query",
                                               "reference_points",
                                               "input_flatten",
                                               "spatial_shapes",
                                               "input_padding_mask",
                                               "query_indices",
                                               "sampling_offsets.weight",
                                               "sampling_offsets.bias",
                                               "attention_weights.weight",
                                               "attention_weights.bias",
                                               "value_proj.weight",
                                               "value_proj.bias",
                                               "output_proj.weight",
                                               "output_proj.bias",
                                               "expected_output"};

}  // namespace

std::string tensor_problem(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (!name.starts_with("expected_") && std::ranges::find(tensor_names, name) == tensor_names.end())
      return fmt::format(
          "tensor {}: is not known, and would be ignored; the nearest that is known is {}; rename it, or leave it out "
          "(names that begin with expected_ are free)",
          shown(name), nearest(name, tensor_names, 1).front());
  return "";
}

}  // namespace quillgen
