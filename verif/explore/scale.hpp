// An axis of a plot: from numbers to places, and where its ticks are.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quillgen::explore {

/// Linear from a round number below the least to one above the largest; logarithmic when the largest is more than 20
/// times the least.
class Scale {
 public:
  /// `least` and `largest` are shown; both at least 0, and not in the wrong order.
  Scale(std::int64_t least, std::int64_t largest);

  double place(double value) const;  ///< 0 at the begin of the axis, 1 at its end
  /// Values and how they are written, ascending.
  const std::vector<std::pair<double, std::string>>& ticks() const { return ticks_; }
  bool logarithmic() const { return logarithmic_; }

 private:
  bool logarithmic_;
  double begin_ = 0, end_ = 1;
  std::vector<std::pair<double, std::string>> ticks_;
};

}  // namespace quillgen::explore
