// The stages of the hardware against those of the software model, element by element, as the taps fire.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "model/layer.hpp"

namespace quillgen::harness {

/// Where an element of a stage lies; -1 where an index has no meaning.
struct Place {
  std::string stage;
  std::int64_t query = -1;
  int head = -1, level = -1, point = -1, channel = -1;
  std::string field;  ///< of stages with several values a sample
};

struct Mismatch {
  Place place;
  std::optional<std::int64_t> expected;  ///< nothing: a surplus firing
  std::optional<std::int64_t> got;       ///< nothing: it never came
};

/// One line: stage, query, head, level, point, channel, expected, got.
std::string describe(const Mismatch& mismatch);

struct StageResult {
  std::string name;
  std::int64_t compared = 0;    ///< elements
  std::int64_t mismatches = 0;  ///< elements that differ, are missing or surplus
  std::optional<Mismatch> first;
};

/// A stage as a tensor [Lq, width] of expected elements, filled by firings.
class StageCheck {
 public:
  /// How an element of a query is named.
  enum class Naming { Sample, HeadChannel, Channel };

  /// `fields`: the names of the values of a sample, when naming is Sample. `real_width` of the `width` elements count.
  StageCheck(std::string name, const Attention& attention, Naming naming, std::vector<std::string> fields,
             std::vector<std::int32_t> expected, int queries);

  const std::string& name() const { return result_.name; }
  /// `values` belong to elements first .. of a query; those beyond the width are ignored, a query beyond the last is
  /// surplus.
  void compare(std::int64_t query, int first, std::span<const std::int64_t> values);
  /// Reports `count` elements from `first` of the query as missing.
  void missing(std::int64_t query, int first, int count);

  int width() const { return width_; }
  int queries() const { return queries_; }
  const StageResult& result() const { return result_; }

 private:
  Place place(std::int64_t query, int element) const;
  void fail(std::int64_t query, int element, std::optional<std::int64_t> expected, std::optional<std::int64_t> got);

  StageResult result_;
  Attention attention_;
  Naming naming_;
  std::vector<std::string> fields_;
  std::vector<std::int32_t> expected_;
  int queries_, width_;
};

/// The stages in the order of the README, each with the fields its tap must have.
struct StageFields {
  std::string_view stage;
  std::vector<std::string> fields;
  int taps;  ///< one for each lane that has the stage, in the order of the lanes
};
std::vector<StageFields> stage_fields(const Config& config);

/// All stages of one job.
class Comparison {
 public:
  Comparison(const Config& config, const model::QuantisedLayer& layer, const model::Stages& expected);

  /// A firing of the tap of a stage; values in the order of stage_fields. Tap n of a stage is that of lane n.
  void fire(std::string_view stage, std::span<const std::int64_t> values, int lane = 0);
  /// After the job: what has not come is missing.
  void finish();
  /// The output rows found in memory after the job, [Lq, C].
  void compare_memory(std::span<const std::int32_t> rows);

  std::vector<StageResult> results() const;
  std::int64_t mismatches() const;
  /// Output firings so far as a number of whole queries, for progress.
  std::int64_t queries_done() const;

 private:
  struct Sequential {  ///< a stage whose firings come in order, each lane's by themselves
    StageCheck check;
    int values;                                                                   ///< of a firing
    std::vector<std::int64_t> fired;                                              ///< by each lane
    int width() const { return check.width() / static_cast<int>(fired.size()); }  ///< elements a lane has of a query
    int firings_per_query() const { return (width() + values - 1) / values; }     ///< of a lane
  };
  void fire_projection(std::span<const std::int64_t> values, int lane);
  void fire_in_order(Sequential& stage, std::span<const std::int64_t> values, int lane);

  int rows_;   ///< of the PE array
  int lanes_;  ///< each has the samples and channels of its heads, which follow each other
  StageCheck projection_;
  std::vector<std::int64_t> projection_seen_;  ///< firings of [row][sample]
  std::vector<Sequential> sequential_;
  StageCheck memory_;
};

}  // namespace quillgen::harness
