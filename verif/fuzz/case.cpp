#include "fuzz/case.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/fields.hpp"
#include "config/load.hpp"
#include "config/region.hpp"

namespace quillgen::fuzz {
namespace {

std::vector<Parameter> make_parameters() {
  std::vector<Parameter> all;
  for (const auto& f : fields())
    all.push_back({f.path(), [in = f.in](Case& c) -> int& { return in(c.config); }, f.min, f.max});
  const auto add = [&](const std::string& key, int Workload::*member, int least, int most) {
    all.push_back({"workload." + key, [member](Case& c) -> int& { return c.workload.*member; }, least, most});
  };
  add("queries", &Workload::queries, 1, 65536);
  add("jobs", &Workload::jobs, 1, 2);
  for (std::size_t l = 0; l < 8; ++l) {
    const auto level = static_cast<int>(l);
    all.push_back(
        {fmt::format("workload.width_{}", l), [l](Case& c) -> int& { return c.workload.width[l]; }, 1, 1024, level});
    all.push_back(
        {fmt::format("workload.height_{}", l), [l](Case& c) -> int& { return c.workload.height[l]; }, 1, 1024, level});
  }
  add("query_values", &Workload::query_values, 0, corner_values);
  add("source_values", &Workload::source_values, 0, corner_values);
  add("query_weights", &Workload::query_weights, 0, corner_values);
  add("feature_weights", &Workload::feature_weights, 0, corner_values);
  add("output_weights", &Workload::output_weights, 0, corner_values);
  add("value_scales", &Workload::value_scales, 0, mixed_scale);
  add("head_scales", &Workload::head_scales, 0, mixed_scale);
  add("output_scales", &Workload::output_scales, 0, mixed_scale);
  add("offsets", &Workload::offsets, 0, clamped_offsets);
  add("logits", &Workload::logits, 0, highest_logits);
  add("references", &Workload::references, 0, mixed_references);
  add("boxes", &Workload::boxes, 0, largest_boxes);
  add("padding", &Workload::padding, 0, block_padding);
  add("padded_percent", &Workload::padded_percent, 0, 100);
  add("maps", &Workload::maps, 0, maps_given);
  add("threshold", &Workload::threshold, 0, all_points);
  add("range", &Workload::range, 0, largest_range);
  add("share", &Workload::share, 0, largest_share);
  add("image_padding", &Workload::image_padding, 0, own_padding);
  add("dense_rows", &Workload::dense_rows, 0, 65536);
  add("dense_inner", &Workload::dense_inner, 1, 4096);
  add("dense_outputs", &Workload::dense_outputs, 1, 65535);
  add("relu", &Workload::relu, 0, 1);
  add("stream_queries", &Workload::stream_queries, 0, 1);
  add("positions", &Workload::positions, 0, 1);
  add("stream_sources", &Workload::stream_sources, 0, 1);
  add("operand_scales", &Workload::operand_scales, 0, mixed_scale);
  add("norm", &Workload::norm, 0, flat_norm);
  add("dense_list", &Workload::dense_list, 0, both_listed);
  add("result_format", &Workload::result_format, 0, 3);
  add("activation", &Workload::activation, 0, 3);
  add("reference_gap", &Workload::reference_gap, 0, 8);
  add("self_rows", &Workload::self_rows, 0, 1024);
  add("self_operands", &Workload::self_operands, 0, corner_values);
  add("self_values", &Workload::self_values, 0, corner_values);
  add("self_shift", &Workload::self_shift, 0, 40);
  add("self_gain", &Workload::self_gain, 0, 7);
  add("stall_percent", &Workload::stall_percent, 0, 95);
  add("latency", &Workload::latency, 1, 100000);
  add("reorder_percent", &Workload::reorder_percent, 0, 100);
  return all;
}

/// Of a list among the parameters: numbers with commas between them.
std::vector<int> numbers(const std::string& text, const std::string& assignment) {
  std::vector<int> list;
  for (const char *at = text.data(), *end = at + text.size(); at != end;) {
    const auto [rest, error] = std::from_chars(at, end, list.emplace_back());
    if (error != std::errc() || (rest != end && *rest != ','))
      throw UserError(fmt::format("--set {}: no numbers with commas between them", assignment));
    at = rest == end ? end : rest + 1;
  }
  return list;
}

}  // namespace

const std::vector<Parameter>& parameters() {
  static const auto all = make_parameters();
  return all;
}

std::int64_t tokens(const Case& c) {
  std::int64_t sum = 0;
  for (std::size_t l = 0; l < static_cast<std::size_t>(c.config.attention.levels); ++l)
    sum += std::int64_t{c.workload.width[l]} * c.workload.height[l];
  return sum;
}

bool is_used(const Case& c, const Parameter& p) { return p.level < c.config.attention.levels; }

void set_parameter(Case& c, const std::string& assignment) {
  const auto equals = std::min(assignment.find('='), assignment.size());
  const auto path = assignment.substr(0, equals);
  for (const auto& list : level_lists()) {
    if (list.path() != path) continue;
    const auto value = assignment.substr(std::min(equals + 1, assignment.size()));
    list.in(c.config) = numbers(value, assignment);
    return;
  }
  for (const auto& p : parameters()) {
    if (p.path != path) continue;
    const char* const begin = assignment.data() + std::min(equals + 1, assignment.size());
    const char* const end = assignment.data() + assignment.size();
    const auto [rest, error] = std::from_chars(begin, end, p.in(c));
    if (error != std::errc() || rest != end) throw UserError(fmt::format("--set {}: no number", assignment));
    return;
  }
  throw UserError(fmt::format("--set {}: no such parameter", assignment));
}

void validate(const Case& c) {
  quillgen::validate(c.config);
  for (const auto& p : parameters())
    if (p.get(c) < p.least || p.get(c) > p.most)
      throw UserError(fmt::format("{} = {}: must be from {} to {}", p.path, p.get(c), p.least, p.most));
  const auto& a = c.config.attention;
  if (c.workload.queries > a.max_queries) throw UserError("workload.queries: above max_queries");
  if (c.workload.dense_rows > a.max_queries) throw UserError("workload.dense_rows: above max_queries");
  if (c.workload.dense_inner > c.config.gemm.max_inner) throw UserError("workload.dense_inner: above max_inner");
  if (c.workload.self_rows > c.config.network.self_attention)
    throw UserError("workload.self_rows: above network.self_attention");
  if (has_ranged_regions(c.config) && c.workload.range == no_range)
    throw UserError("workload.range: none with feature_cache.region_ranges");
  if (tokens(c) > a.max_tokens) throw UserError("workload: more tokens than max_tokens");
  for (std::size_t l = 0; l < static_cast<std::size_t>(a.levels); ++l)
    if (c.workload.width[l] > a.max_width || c.workload.height[l] > a.max_height)
      throw UserError(fmt::format("workload: level {} is larger than the configuration allows", l));
}

std::string changes_since(const Case& original, const Case& now) {
  std::string changes;
  for (const auto& p : parameters())
    if (is_used(now, p) && p.get(now) != p.get(original)) changes += fmt::format(" --set {}={}", p.path, p.get(now));
  for (const auto& list : level_lists())
    if (const auto& values = list.get(now.config); values != list.get(original.config))
      changes += fmt::format(" --set {}={}", list.path(), fmt::join(values, ","));
  return changes;
}

std::string to_text(const Case& c) {
  auto json = to_json(c.config);
  auto& workload = json["workload"];
  for (const auto& p : parameters())
    if (p.path.starts_with("workload.") && is_used(c, p)) workload[p.path.substr(9)] = p.get(c);
  std::string text;
  for (const auto& [section, value] : json.items())
    text += fmt::format("{}\n  \"{}\": {}", text.empty() ? "{" : ",", section, value.dump());
  return text + "\n}";
}

}  // namespace quillgen::fuzz
