// Where queries and samples lie in the group buffers: a query is {group, row of the group}.
#pragma once
#include "accel/bundles.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

/// Counts the queries of group after group, group_buffers groups in turn.
class SlotCounter {
 public:
  SlotCounter(hdl::Module& m, const Shapes& s)
      : shapes_(s), group_(hdl::reg(m, "group_index", hdl::UInt(s.group_bits()), 0)) {
    if (s.rows() > 1) row_ = hdl::reg(m, "row_index", hdl::UInt(s.row_bits()), 0);
  }
  hdl::UInt slot() const { return shapes_.rows() == 1 ? static_cast<hdl::UInt>(group_) : hdl::concat({group_, row_}); }
  /// The query is number n of its group.
  hdl::Bool row_is(int n) const {
    return shapes_.rows() == 1 ? hdl::Bool::constant(group_.module(), n == 0) : row_ == n;
  }
  /// Row number plus one.
  hdl::UInt rows_so_far() const { return shapes_.rows() == 1 ? hdl::UInt::constant(group_.module(), 1, 1) : row_ + 1; }
  /// Moves on to the next query; after the last of a group to the first of the next.
  void step(const hdl::Bool& next_query, const hdl::Bool& next_group) {
    group_.when(next_group, lib::next_index(group_, group_buffers));
    if (shapes_.rows() > 1) row_.when(next_group, 0).when(next_query, lib::increment(row_));
  }

 private:
  const Shapes& shapes_;
  hdl::Reg<hdl::UInt> group_, row_;
};

/// Parts of the number of a sample: the word that has its offset, its place in that word, the word that has its logit.
inline hdl::UInt offset_word(const Shapes& s, const hdl::UInt& sample) {
  return sample.bits(s.element_bits(), s.offset_word_bits());
}
inline hdl::UInt logit_word(const Shapes& s, const hdl::UInt& sample) {
  if (s.offset_word_bits() == 1) return hdl::UInt::constant(sample.module(), 0, s.logit_word_bits());
  return sample.bits(s.element_bits() + 1, s.offset_word_bits() - 1).resize(s.logit_word_bits());
}
/// Its place in the word; nothing where a word has one sample.
inline std::optional<hdl::UInt> element(const Shapes& s, const hdl::UInt& sample) {
  if (s.element_bits() == 0) return std::nullopt;
  return sample.bits(0, s.element_bits());
}
/// Which points_at_once() samples of a word it is the first of; nothing where the word has no others.
inline std::optional<hdl::UInt> part_of_word(const Shapes& s, const hdl::UInt& sample) {
  const int low = std::countr_zero(static_cast<unsigned>(s.points_at_once()));
  if (s.element_bits() == low || s.element_bits() == 0) return std::nullopt;
  return sample.bits(low, s.element_bits() - low);
}
inline hdl::UInt select_element(const std::optional<hdl::UInt>& element, const std::vector<hdl::UInt>& of_word) {
  return element ? hdl::select(*element, of_word) : of_word[0];
}

/// The sample points_at_once() behind this one, which is a multiple of them.
inline hdl::UInt next_sample(const Shapes& s, const hdl::UInt& sample) {
  const int points = s.points_of_word(), step = s.points_at_once();
  const hdl::UInt next = step == 1 ? lib::increment(sample) : (sample + step).wrap(sample.width());
  if (points == power_of_two(points)) return next;
  return hdl::mux(
      *element(s, sample) == points - step,
      hdl::concat({lib::increment(offset_word(s, sample)), hdl::UInt::constant(sample.module(), 0, s.element_bits())}),
      next);
}

}  // namespace quillgen::accel
