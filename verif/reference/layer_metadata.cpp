#include "reference/layer_metadata.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/nearest.hpp"

namespace quillgen {
namespace {

using Metadata = std::map<std::string, std::string>;

const std::vector<std::string> dimension_keys = {"d_model", "n_heads", "n_levels", "n_points"};

const std::vector<std::string> variant_keys = {"method",         "offset_scale", "use_4D_normalizer", "mask_polarity",
                                               "references_per", "value_proj",   "output_proj"};

/// What is written for people, and read by nobody.
const std::vector<std::string> text_keys = {"author",     "comment", "date",    "description", "format",
                                            "image_seed", "layer",   "license", "made_by",     "model",
                                            "note",       "seed",    "source",  "version"};

constexpr int most_of_a_level = 1 << 10, most_of_a_dimension = 1 << 20;
constexpr double largest_offset_scale = 1024;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& problem) {
  throw UserError(fmt::format("metadata {} = {}: {}", key, shown(value), problem));
}

void check_known(const Metadata& metadata) {
  auto known = dimension_keys;
  known.insert(known.end(), text_keys.begin(), text_keys.end());
  known.insert(known.end(), variant_keys.begin(), variant_keys.end());
  for (const auto& [key, value] : metadata)
    if (!key.starts_with("x_") && !key.starts_with("expected_") && !contains(known, key))
      throw UserError(fmt::format(
          "metadata {}: is not known, and would be ignored; the nearest that is known is {}; rename it, or leave it "
          "out (keys that begin with x_ are free)",
          shown(key), nearest(key, known, 1).front()));
}

const std::string& needed(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    throw UserError(fmt::format(
        "metadata {} is missing; pass metadata with d_model, n_heads, n_levels and n_points to save_file", key));
  return found->second;
}

int dimension(const Metadata& metadata, const std::string& key) {
  const auto& text = needed(metadata, key);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most_of_a_dimension)
    throw UserError(
        fmt::format("metadata {} must be a whole number from 1 to {}; correct it", key, most_of_a_dimension));
  return value;
}

/// A number for all levels, or a list with one for each: 4, or [3, 6, 3], brackets or not.
std::vector<int> points_of_levels(const Metadata& metadata, int levels) {
  const std::string key = "n_points";
  const auto& text = needed(metadata, key);
  if (text.find_first_of("[,") == std::string::npos) {
    if (levels > most_of_a_level) refuse("n_levels", metadata.at("n_levels"), "is more than any layer has; correct it");
    return std::vector<int>(static_cast<std::size_t>(levels), dimension(metadata, key));
  }
  const auto list = nlohmann::json::parse(text.starts_with("[") ? text : "[" + text + "]", nullptr, false);
  std::vector<int> points;
  if (list.is_array() && static_cast<int>(list.size()) == levels)
    for (const auto& number : list)
      if (number.is_number_integer() && number >= 1 && number <= most_of_a_level) points.push_back(number);
  if (static_cast<int>(points.size()) != levels || points.empty())
    refuse(key, text,
           fmt::format("a list must have a whole number from 1 to {} for each of the {} levels, as [3, 6, 3]; correct "
                       "it",
                       most_of_a_level, levels));
  return points;
}

/// The value of `key` is one of two words; which.
bool second_of(const Metadata& metadata, const std::string& key, const char* first, const char* second,
               const char* meaning) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second == first) return false;
  if (found->second != second)
    refuse(key, found->second, fmt::format("must be {} or {}: {}; correct it", first, second, meaning));
  return true;
}

bool flag(const Metadata& metadata, const std::string& key, const char* meaning) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || contains({"false", "False", "0"}, found->second)) return false;
  if (!contains({"true", "True", "1"}, found->second))
    refuse(key, found->second, fmt::format("must be true or false: {}; correct it", meaning));
  return true;
}

double offset_scale(const Metadata& metadata) {
  const auto found = metadata.find("offset_scale");
  if (found == metadata.end()) return 0.5;
  const auto& text = found->second;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0 && value <= largest_offset_scale))
    refuse("offset_scale", text,
           fmt::format("must be a number above 0, at most {}: the share of a box in which offsets count; correct it",
                       largest_offset_scale));
  return value;
}

/// The layer has no such projection; it may be left out of the metadata if `expected_output` tells.
bool is_none(const Metadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found != metadata.end() && found->second != "none")
    refuse(key, found->second, "can only be none; leave it out where the layer has one");
  return found != metadata.end();
}

}  // namespace

bool is_free_text(const std::string& key) {
  return key.starts_with("x_") || key.starts_with("expected_") || contains(text_keys, key);
}

LayerMetadata layer_metadata(const Metadata& metadata) {
  check_known(metadata);
  LayerMetadata m;
  m.embed_dim = dimension(metadata, "d_model");
  m.heads = dimension(metadata, "n_heads");
  m.levels = dimension(metadata, "n_levels");
  m.level_points = points_of_levels(metadata, m.levels);
  if (m.embed_dim % m.heads != 0)
    throw UserError(
        fmt::format("metadata d_model = {} must be a multiple of n_heads = {}; correct them", m.embed_dim, m.heads));
  if (const auto method = metadata.find("method"); method != metadata.end() && method->second != "default")
    refuse("method", method->second,
           "is not supported: the hardware has default, which interpolates between four pixels; a layer trained for "
           "the nearest pixel (discrete) needs that, so train or export it with default");
  m.offset_scale = offset_scale(metadata);
  m.offsets_in_pixels =
      flag(metadata, "use_4D_normalizer", "whether offsets in a box are divided by the level's sides");
  m.mask_of_valid =
      second_of(metadata, "mask_polarity", "padded", "valid", "what a 1 of input_padding_mask stands for");
  m.references_per_point =
      second_of(metadata, "references_per", "level", "point", "what the second dimension of reference_points counts");
  m.no_value_proj = is_none(metadata, "value_proj"), m.no_output_proj = is_none(metadata, "output_proj");
  return m;
}

}  // namespace quillgen
