// The stages of the hardware against those of the software model, element by element, as the taps fire.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "harness/work.hpp"

namespace quillgen::harness {

/// Where an element of a stage lies; -1 where an index has no meaning.
struct Place {
  std::string stage;
  std::string_view row_kind;  ///< "query", "token", "row" or "turn"
  std::int64_t row = -1;
  int head = -1, level = -1, point = -1, channel = -1, output = -1;
  std::string field;  ///< of stages with several values a sample
};

struct Mismatch {
  Place place;
  std::optional<std::int64_t> expected;  ///< nothing: a surplus firing
  std::optional<std::int64_t> got;       ///< nothing: it never came
};

/// One line: stage, query (token, row), head, level, point, channel (output), expected, got.
std::string describe(const Mismatch& mismatch);

struct StageResult {
  std::string name;
  std::int64_t compared = 0;    ///< elements
  std::int64_t mismatches = 0;  ///< elements that differ, are missing or surplus
  std::optional<Mismatch> first;
};

/// A stage as a tensor [rows, width] of expected elements, filled by firings or from memory.
class StageCheck {
 public:
  /// What a row is, and how its elements are named: a query's samples or channels, a token's channels by head, a dense
  /// row's outputs, a query's turn.
  enum class Naming { Sample, HeadChannel, Channel, Token, Output, Turn, Mask };

  /// `fields`: the names of the values of a sample, when naming is Sample. `outputs`: the width, when it is Output.
  StageCheck(std::string name, const Attention& attention, Naming naming, std::vector<std::string> fields,
             std::vector<std::int32_t> expected, int rows, int outputs = 0);

  const std::string& name() const { return result_.name; }
  /// `values` belong to elements first .. of a row; those beyond the width are ignored, a row beyond the last is
  /// surplus.
  void compare(std::int64_t row, int first, std::span<const std::int64_t> values);
  /// All rows at once.
  void compare_all(std::span<const std::int32_t> tensor);
  /// Reports `count` elements from `first` of the row as missing.
  void missing(std::int64_t row, int first, int count);

  int width() const { return width_; }
  int rows() const { return rows_; }
  const StageResult& result() const { return result_; }

 private:
  Place place(std::int64_t row, int element) const;
  void fail(std::int64_t row, int element, std::optional<std::int64_t> expected, std::optional<std::int64_t> got);

  StageResult result_;
  Attention attention_;
  Naming naming_;
  std::vector<std::string> fields_;
  std::vector<std::int32_t> expected_;
  int rows_, width_;
};

/// The stages with taps in the order of the README, each with the fields its tap must have.
struct StageFields {
  std::string_view stage;
  std::vector<std::string> fields;
  int taps;  ///< one for each lane that has the stage, or for each head lane, in their order
};
std::vector<StageFields> stage_fields(const Config& config);

/// All stages of one job. Of a dense one no tap fires, and the memory is compared.
class Comparison {
 public:
  Comparison(const Config& config, const Work& work);
  /// Of no job: every firing is surplus.
  explicit Comparison(const Config& config);

  /// Called when a job has ended, with its number.
  void on_job_end(std::function<void(std::uint32_t id)> call) { job_end_ = std::move(call); }
  /// A firing of the tap of a stage; values in the order of stage_fields. Tap n of a stage is that of lane n, or of
  /// head lane n.
  void fire(std::string_view stage, std::span<const std::int64_t> values, int tap = 0);
  /// After the job: what has not come is missing.
  void finish();
  /// The value map found in memory after a job that computed it, [S, C].
  void compare_value(std::span<const std::int32_t> value);
  /// The mask found in memory after a job that drops pixels, [S].
  void compare_mask(std::span<const std::int32_t> mask);
  /// The output rows found in memory after the job, [Lq, C] or [M, N]: those of the queries that were wanted.
  void compare_memory(std::span<const std::int32_t> rows);

  /// Of the stages that the job has, and of those that fired though it has not.
  std::vector<StageResult> results() const;
  std::int64_t mismatches() const;
  /// Output firings so far as a number of whole queries, for progress.
  std::int64_t queries_done() const;

 private:
  struct Sequential {  ///< a stage whose firings come in order, each tap's by themselves
    StageCheck check;
    int values;                              ///< of a firing
    std::vector<std::vector<int>> elements;  ///< of a query, by tap: of firing after firing, value after value
    std::vector<std::int64_t> fired;         ///< by each tap, dropped ones too
    bool live = false;                       ///< only live points fire
    int firings_per_query() const { return static_cast<int>(elements[0].size()) / values; }  ///< of a tap
    /// The elements of firing n of a tap.
    std::span<const int> of_firing(std::size_t tap, std::int64_t n) const {
      return std::span(elements[tap])
          .subspan(static_cast<std::size_t>(n % firings_per_query() * values), static_cast<std::size_t>(values));
    }
  };
  Comparison(const Config& config, std::vector<std::int32_t> schedule, int queries, const model::Stages& expected,
             StageCheck value, StageCheck memory, int threshold = 0);
  /// The query whose turn is number n; behind the last one, a query that there is not.
  std::int64_t query_at(std::int64_t turn) const;
  void fire_in_order(Sequential& stage, std::span<const std::int64_t> values, int tap);
  /// Counts the firings of a tap that do not come because their points are dropped.
  void skip_dropped(const Sequential& stage, std::int64_t& fired, std::size_t tap) const;

  std::vector<std::int32_t> schedule_;  ///< queries in the order in which they are worked on
  int queries_;                         ///< rows of the tensors
  StageCheck value_, order_;
  std::int64_t ordered_ = 0;  ///< firings of the order
  std::vector<Sequential> sequential_;
  std::vector<bool> dropped_;  ///< [Lq, M*L*K], points that are dropped (NUMERICS.md N19); empty: none
  StageCheck memory_, mask_;
  std::function<void(std::uint32_t)> job_end_;
};

}  // namespace quillgen::harness
