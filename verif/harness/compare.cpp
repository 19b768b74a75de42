#include "harness/compare.hpp"

#include <fmt/core.h>

#include <stdexcept>

#include "config/derived.hpp"
#include "model/order.hpp"

namespace quillgen::harness {
namespace {

using Naming = StageCheck::Naming;

std::vector<std::string> numbered(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(fmt::format("value_{}", i));
  return names;
}

/// Of values side by side, one of which has the plain name.
std::vector<std::string> beside(const std::string& name, int count) {
  if (count == 1) return {name};
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(fmt::format("{}_{}", name, i));
  return names;
}

/// Elements of a query in their order, so many of each tap.
std::vector<std::vector<int>> in_turn(int taps, int of_tap) {
  std::vector<std::vector<int>> elements(static_cast<std::size_t>(taps));
  for (int n = 0; n < taps * of_tap; ++n) elements[static_cast<std::size_t>(n / of_tap)].push_back(n);
  return elements;
}

/// Samples one after the other, of each lane, with `fields` values each.
std::vector<std::vector<int>> samples_of_lanes(const Config& c, int fields) {
  std::vector<std::vector<int>> elements(static_cast<std::size_t>(c.core.lanes()));
  for (int lane = 0; lane < c.core.lanes(); ++lane)
    for (int n = 0; n < c.attention.samples_per_query() / c.core.lanes(); ++n)
      for (int i = 0; i < fields; ++i)
        elements[static_cast<std::size_t>(lane)].push_back(lane_sample(c, lane, n) * fields + i);
  return elements;
}

/// Samples of head lanes: points_per_cycle of each of its lanes side by side.
std::vector<std::vector<int>> samples_of_columns(const Config& c) {
  const int at_once = c.core.points_per_cycle, lanes = c.core.level_lanes;
  std::vector<std::vector<int>> elements(static_cast<std::size_t>(c.core.head_lanes));
  for (int column = 0; column < c.core.head_lanes; ++column)
    for (int first = 0; first < c.attention.samples_per_query() / c.core.lanes(); first += at_once)
      for (int i = 0; i < lanes * at_once; ++i)
        elements[static_cast<std::size_t>(column)].push_back(
            lane_sample(c, column * lanes + i / at_once, first + i % at_once));
  return elements;
}

}  // namespace

std::string describe(const Mismatch& m) {
  const auto number = [](std::optional<std::int64_t> n) { return n ? std::to_string(*n) : "nothing"; };
  const auto& p = m.place;
  std::string text = fmt::format("{}: {} {}", p.stage, p.row_kind, p.row);
  if (p.head >= 0) text += fmt::format(", head {}", p.head);
  if (p.level >= 0) text += fmt::format(", level {}, point {}", p.level, p.point);
  if (p.channel >= 0) text += fmt::format(", channel {}", p.channel);
  if (p.output >= 0) text += fmt::format(", output {}", p.output);
  if (!p.field.empty()) text += fmt::format(", {}", p.field);
  return text + fmt::format(": expected {}, got {}", number(m.expected), number(m.got));
}

StageCheck::StageCheck(std::string name, const Attention& attention, Naming naming, std::vector<std::string> fields,
                       std::vector<std::int32_t> expected, int rows, int outputs)
    : attention_(attention), naming_(naming), fields_(std::move(fields)), expected_(std::move(expected)), rows_(rows) {
  result_.name = std::move(name);
  width_ = naming_ == Naming::Sample   ? attention_.samples_per_query() * static_cast<int>(fields_.size())
           : naming_ == Naming::Output ? outputs
           : naming_ == Naming::Turn   ? 1
           : naming_ == Naming::Mask   ? 1
                                       : attention_.embed_dim;
  if (expected_.size() != static_cast<std::size_t>(rows_) * width_)
    throw std::logic_error(fmt::format("stage {}: {} expected elements", result_.name, expected_.size()));
}

Place StageCheck::place(std::int64_t row, int element) const {
  Place p;
  p.stage = result_.name;
  p.row_kind = naming_ == Naming::Token    ? "token"
               : naming_ == Naming::Mask   ? "token"
               : naming_ == Naming::Output ? "row"
               : naming_ == Naming::Turn   ? "turn"
                                           : "query";
  p.row = row;
  if (naming_ == Naming::Sample) {
    const int per_sample = static_cast<int>(fields_.size()), sample = element / per_sample;
    p.head = sample / attention_.samples_per_head();
    const int of_head = sample % attention_.samples_per_head();
    p.level = attention_.level_of(of_head);
    p.point = of_head - attention_.first_point(p.level);
    p.field = fields_[element % per_sample];
  } else if (naming_ == Naming::HeadChannel || naming_ == Naming::Token) {
    p.head = element / attention_.head_dim();
    p.channel = element % attention_.head_dim();
  } else if (naming_ != Naming::Turn && naming_ != Naming::Mask) {
    (naming_ == Naming::Output ? p.output : p.channel) = element;
  }
  return p;
}

void StageCheck::fail(std::int64_t row, int element, std::optional<std::int64_t> expected,
                      std::optional<std::int64_t> got) {
  if (result_.mismatches++ == 0) result_.first = Mismatch{place(row, element), expected, got};
}

void StageCheck::compare(std::int64_t row, int first, std::span<const std::int64_t> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int element = first + static_cast<int>(i);
    if (element >= width_) return;
    ++result_.compared;
    if (row >= rows_) {
      fail(row, element, std::nullopt, values[i]);
      continue;
    }
    const std::int64_t expected = expected_[static_cast<std::size_t>(row) * width_ + element];
    if (values[i] != expected) fail(row, element, expected, values[i]);
  }
}

void StageCheck::compare_all(std::span<const std::int32_t> tensor) {
  const std::vector<std::int64_t> values(tensor.begin(), tensor.end());
  for (int row = 0; row < rows_; ++row)
    compare(row, 0, std::span(values).subspan(static_cast<std::size_t>(row) * width_, width_));
}

void StageCheck::missing(std::int64_t row, int first, int count) {
  for (int i = first; i < first + count && i < width_; ++i)
    fail(row, i, expected_[static_cast<std::size_t>(row) * width_ + i], std::nullopt);
}

std::vector<StageFields> stage_fields(const Config& config) {
  const int lanes = config.core.lanes(), columns = config.core.head_lanes,
            points = config.core.points_per_cycle * config.core.level_lanes;
  std::vector<StageFields> stages = {{"order", {"query"}, 1},
                                     {"logit", beside("logit", points), columns},
                                     {"attention", beside("weight", points), columns},
                                     {"offset", {"offset_x", "offset_y"}, lanes},
                                     {"location", {"x", "y"}, lanes},
                                     {"corner_weight", {"w00", "w01", "w10", "w11"}, lanes},
                                     {"head", numbered(head_requant_units(config)), columns},
                                     {"output", numbered(config.core.projection_columns), 1}};
  if (config.network.epilogue != 0) stages.push_back({"job", {"id"}, 1});
  return stages;
}

Comparison::Comparison(const Config& config, std::vector<std::int32_t> schedule, int queries,
                       const model::Stages& expected, StageCheck value, StageCheck memory, int threshold)
    : schedule_(std::move(schedule)),
      queries_(queries),
      value_(std::move(value)),
      order_("order", config.attention, Naming::Turn, {}, schedule_, static_cast<int>(schedule_.size())),
      memory_(std::move(memory)),
      mask_("mask", config.attention, Naming::Mask, {}, {}, 0) {
  const auto add = [&](const std::string& name, Naming naming, const std::vector<std::string>& fields, int values,
                       const std::vector<std::int32_t>& tensor, std::vector<std::vector<int>> elements) {
    StageCheck check(name, config.attention, naming, fields, tensor, queries);
    std::vector<std::int64_t> fired(elements.size(), 0);
    sequential_.push_back({std::move(check), values, std::move(elements), std::move(fired)});
  };
  const int columns = config.core.head_lanes, points = config.core.points_per_cycle * config.core.level_lanes,
            channels = config.attention.embed_dim;
  const auto one_a_cycle = [&](int fields) { return samples_of_lanes(config, fields); };
  add("logit", Naming::Sample, {"logit"}, points, expected.logit, samples_of_columns(config));
  add("attention", Naming::Sample, {"weight"}, points, expected.attention, samples_of_columns(config));
  add("offset", Naming::Sample, {"offset_x", "offset_y"}, 2, expected.offset, one_a_cycle(2));
  add("location", Naming::Sample, {"x", "y"}, 2, expected.location, one_a_cycle(2));
  add("corner_weight", Naming::Sample, {"w00", "w01", "w10", "w11"}, 4, expected.corner_weight, one_a_cycle(4));
  for (auto& stage : sequential_)
    stage.live =
        stage.check.name() == "offset" || stage.check.name() == "location" || stage.check.name() == "corner_weight";
  for (const auto weight : threshold > 0 ? expected.attention : std::vector<std::int32_t>())
    dropped_.push_back(weight < threshold);
  const int outputs = config.core.projection_columns;
  add("head", Naming::HeadChannel, {}, head_requant_units(config), expected.head, in_turn(columns, channels / columns));
  add("output", Naming::Channel, {}, outputs, expected.output, in_turn(1, divide_up(channels, outputs) * outputs));
}

Comparison::Comparison(const Config& config)
    : Comparison(config, {}, 0, {}, StageCheck("value", config.attention, Naming::Token, {}, {}, 0),
                 StageCheck("memory", config.attention, Naming::Channel, {}, {}, 0)) {}

Comparison::Comparison(const Config& config, const Work& work) : Comparison(config) {
  if (const auto* dense = std::get_if<DenseWork>(&work)) {
    const auto width = static_cast<int>(dense->output.size()) / dense->layer.rows;
    memory_ = StageCheck("memory", config.attention, Naming::Output, {}, dense->output, dense->layer.rows, width);
    return;
  }
  if (const auto* self = std::get_if<SelfAttentionWork>(&work)) {
    const int channels = config.attention.embed_dim;
    memory_ = StageCheck("memory", config.attention, Naming::Output, {}, self->output,
                         static_cast<int>(self->output.size()) / channels, channels);
    return;
  }
  const auto& [layer, stages, map_given, order_kept, lines] = std::get<AttentionWork>(work);
  const auto tokens = map_given ? 0 : layer.tokens();
  *this = Comparison(config, model::schedule(config, layer), layer.queries, stages,
                     StageCheck("value", config.attention, Naming::Token, {},
                                map_given ? std::vector<std::int32_t>() : stages.value, tokens),
                     StageCheck("memory", config.attention, Naming::Channel, {}, stages.written(), layer.queries),
                     layer.pruning.threshold);
  const auto mask = model::mask_passed_on(layer, stages);
  mask_ =
      StageCheck("mask", config.attention, Naming::Mask, {}, {mask.begin(), mask.end()}, static_cast<int>(mask.size()));
}

void Comparison::fire(std::string_view stage, std::span<const std::int64_t> values, int tap) {
  if (stage == "order") return order_.compare(ordered_++, 0, values);
  if (stage == "job") {
    if (job_end_) job_end_(static_cast<std::uint32_t>(values[0]));
    return;
  }
  for (auto& s : sequential_)
    if (s.check.name() == stage) return fire_in_order(s, values, tap);
  throw std::logic_error(fmt::format("no stage {}", stage));
}

std::int64_t Comparison::query_at(std::int64_t turn) const {
  return turn < static_cast<std::int64_t>(schedule_.size()) ? schedule_[static_cast<std::size_t>(turn)] : queries_;
}

void Comparison::fire_in_order(Sequential& s, std::span<const std::int64_t> values, int tap) {
  const auto number = static_cast<std::size_t>(tap);
  auto& fired = s.fired.at(number);
  skip_dropped(s, fired, number);
  const auto n = fired++;
  const auto elements = s.of_firing(number, n);
  const auto query = query_at(n / s.firings_per_query());
  for (std::size_t i = 0; i < values.size(); ++i) s.check.compare(query, elements[i], values.subspan(i, 1));
}

void Comparison::skip_dropped(const Sequential& s, std::int64_t& fired, std::size_t tap) const {
  if (!s.live || dropped_.empty()) return;
  const std::int64_t of_tap = s.firings_per_query(), of_query = of_tap * std::ssize(s.fired);
  for (const auto end = std::ssize(schedule_) * of_tap; fired < end; ++fired)
    if (!dropped_[static_cast<std::size_t>(query_at(fired / of_tap) * of_query +
                                           s.of_firing(tap, fired).front() / s.values)])
      return;
}

void Comparison::finish() {
  const auto turns = static_cast<std::int64_t>(schedule_.size());
  for (auto turn = ordered_; turn < turns; ++turn) order_.missing(turn, 0, 1);
  for (auto& s : sequential_) {
    const int firings = s.firings_per_query();
    for (std::size_t tap = 0; tap < s.fired.size(); ++tap)
      for (auto n = s.fired[tap]; skip_dropped(s, n, tap), n < turns * firings; ++n)
        for (const int element : s.of_firing(tap, n)) s.check.missing(query_at(n / firings), element, 1);
  }
}

void Comparison::compare_value(std::span<const std::int32_t> value) { value_.compare_all(value); }

void Comparison::compare_mask(std::span<const std::int32_t> mask) { mask_.compare_all(mask); }

void Comparison::compare_memory(std::span<const std::int32_t> rows) {
  if (schedule_.empty()) return memory_.compare_all(rows);  // a dense job
  std::vector<bool> compared(static_cast<std::size_t>(queries_));
  const auto width = static_cast<std::size_t>(memory_.width());
  for (const auto query : schedule_) {
    const auto row = static_cast<std::size_t>(query);
    if (compared[row]) continue;
    compared[row] = true;
    const auto values = rows.subspan(row * width, width);
    memory_.compare(query, 0, std::vector<std::int64_t>(values.begin(), values.end()));
  }
}

std::vector<StageResult> Comparison::results() const {
  std::vector<const StageCheck*> checks = {&value_, &order_};
  for (const auto& s : sequential_) checks.push_back(&s.check);
  checks.push_back(&memory_), checks.push_back(&mask_);
  std::vector<StageResult> all;
  for (const auto* check : checks)
    if (check->rows() > 0 || check->result().mismatches > 0) all.push_back(check->result());
  return all;
}

std::int64_t Comparison::mismatches() const {
  std::int64_t sum = 0;
  for (const auto& stage : results()) sum += stage.mismatches;
  return sum;
}

std::int64_t Comparison::queries_done() const {
  const auto& output = sequential_.back();
  return output.fired[0] / output.firings_per_query();
}

}  // namespace quillgen::harness
