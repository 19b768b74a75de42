#include "reference/pruning.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

namespace quillgen {
namespace {

template <typename Number>
std::optional<Number> whole_text(std::string_view text) {
  Number number = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<double> parse_share(std::string_view text, double most) {
  const auto share = whole_text<double>(text);
  return share && *share >= 0 && *share <= most ? share : std::nullopt;
}

std::optional<std::vector<int>> parse_range(std::string_view text, int levels) {
  std::vector<int> range;
  if (text == "off") return range;
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto pixels = whole_text<int>(text.substr(0, comma));
    if (!pixels || *pixels < 0 || *pixels > model::largest_range) return std::nullopt;
    range.push_back(*pixels);
    if (comma == text.size()) break;
    text.remove_prefix(comma + 1);
  }
  if (static_cast<int>(range.size()) != levels) return std::nullopt;
  return range;
}

std::vector<std::uint8_t> dropped_pixels(const std::vector<std::int64_t>& reads,
                                         const std::vector<model::LevelShape>& levels, double share) {
  std::vector<std::uint8_t> mask;
  auto first = reads.begin();
  for (const auto& level : levels) {
    const auto pixels = std::ptrdiff_t{level.height} * level.width;
    const auto sum = std::accumulate(first, first + pixels, std::int64_t{0});
    const double least = share * static_cast<double>(sum) / static_cast<double>(pixels);
    for (const auto end = first + pixels; first != end; ++first) mask.push_back(static_cast<double>(*first) < least);
  }
  return mask;
}

model::Pruning quantised_pruning(const Pruning& pruning, const Numerics& numerics, int count_bits) {
  const double one = std::exp2(numerics.attention_bits), unit = std::exp2(model::share_frac_bits);
  model::Pruning q;
  if (count_bits != 0) q.count_bits = count_bits;
  q.range = pruning.range;
  q.threshold = static_cast<int>(std::min(std::ceil(pruning.points * one), one + 1));
  if (pruning.pixels > 0)
    q.share = static_cast<std::int64_t>(std::clamp(std::floor(pruning.pixels * unit + 0.5), 1.0, std::exp2(32) - 1));
  return q;
}

}  // namespace quillgen
