#include "reference/workload_names.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

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

const std::vector<std::string> dimension_keys = {"d_model", "n_heads", "n_levels", "n_points"};

/// What is written for people, and read by nobody.
const std::vector<std::string> text_keys = {"author",     "comment", "date",    "description", "format",
                                            "image_seed", "layer",   "license", "made_by",     "model",
                                            "note",       "seed",    "source",  "version"};

/// A choice that some modules have and the hardware does not.
struct Choice {
  std::string name;
  bool (*is_ours)(const std::string& value);
  std::string ours;  ///< the value that is the hardware's, and what it means
};

const std::vector<Choice> choices = {
    {"method", [](const std::string& value) { return value == "default"; },
     "default, which interpolates between four pixels"},
    {"offset_scale",
     [](const std::string& value) {
       char* end = nullptr;
       return std::strtod(value.c_str(), &end) == 0.5 && *end == '\0';
     },
     "0.5: offsets count in halves of a box"},
    {"use_4D_normalizer", [](const std::string& value) { return value == "false" || value == "False" || value == "0"; },
     "false: offsets count in halves of a box, divided by n_points"},
};

std::string unknown(std::string_view what, const std::string& name, const std::vector<std::string>& known,
                    std::string_view free) {
  return fmt::format(
      "{} {}: is not known, and would be ignored; the nearest that is known is {}; rename it, or leave it out ({} are "
      "free)",
      what, shown(name), nearest(name, known, 1).front(), free);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_free_text(const std::string& key) {
  return key.starts_with("x_") || key.starts_with("expected_") || contains(text_keys, key);
}

std::string metadata_problem(const std::map<std::string, std::string>& metadata) {
  auto known = dimension_keys;
  known.insert(known.end(), text_keys.begin(), text_keys.end());
  for (const auto& choice : choices) known.push_back(choice.name);
  for (const auto& [key, value] : metadata) {
    if (key.starts_with("x_") || key.starts_with("expected_")) continue;
    if (!contains(known, key)) return unknown("metadata", key, known, "keys that begin with x_");
    for (const auto& choice : choices)
      if (key == choice.name && !choice.is_ours(value))
        return fmt::format("metadata {} = {}: is not supported; the hardware has {}", key, shown(value), choice.ours);
  }
  return "";
}

std::string tensor_problem(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (!name.starts_with("expected_") && !contains(tensor_names, name))
      return unknown("tensor", name, tensor_names, "names that begin with expected_");
  return "";
}

}  // namespace quillgen
