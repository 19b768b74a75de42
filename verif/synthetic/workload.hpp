// Synthetic layers as workload files.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "synthetic/models.hpp"

namespace quillgen::synthetic {

struct WorkloadFile {
  Workload shape;     ///< without tensors
  std::string bytes;  ///< safetensors; the same on every machine for the same model and options
};

/// A layer of a published model with all its tensors: features, value and output projection and logits are normal, and
/// the projection of offsets makes of the queries samples that scatter as models.hpp says. `progress` is told what is
/// being made. Throws UserError as draw_layer.
WorkloadFile workload_file(const std::string& model, const ModelOptions& options,
                           const std::function<void(std::string_view)>& progress = nullptr);

}  // namespace quillgen::synthetic
