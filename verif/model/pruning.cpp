#include "model/pruning.hpp"

#include <algorithm>

#include "model/check.hpp"
#include "model/layer.hpp"

namespace quillgen::model {
namespace {

std::size_t pixels_of(const LevelShape& level) {
  return static_cast<std::size_t>(level.height) * static_cast<std::size_t>(level.width);
}

}  // namespace

std::int64_t held(std::int64_t move, int range) {
  check(range >= 0 && range <= largest_range, "N5: range of a move");
  const std::int64_t most = std::int64_t{range} << 16;
  return std::clamp(move, -most, most);
}

std::int32_t kept(std::int32_t attention, int threshold) { return attention < threshold ? 0 : attention; }

std::int64_t pixel_threshold(std::int64_t reads, std::int64_t pixels, const Pruning& pruning) {
  check(reads >= 0 && reads < std::int64_t{1} << 31 && pixels > 0 && pixels <= 1 << 20, "N20: counts out of range");
  check(pruning.share >= 0 && pruning.share < std::int64_t{1} << 32, "N20: share out of range");
  check(pruning.count_bits >= 1 && pruning.count_bits <= 32, "N20: bits of a count");
  const std::int64_t of = pixels << share_frac_bits, product = pruning.share * reads;  // below 2^63
  const std::int64_t threshold = product / of + (product % of != 0 ? 1 : 0);
  return std::min(threshold, (std::int64_t{1} << pruning.count_bits) - 1);
}

std::vector<std::uint8_t> dropped_pixels(std::span<const std::int64_t> reads, const std::vector<LevelShape>& levels,
                                         const Pruning& pruning) {
  const std::int64_t most = (std::int64_t{1} << pruning.count_bits) - 1;
  std::vector<std::uint8_t> mask;
  for (const auto& level : levels) {
    const auto counts = reads.subspan(mask.size(), pixels_of(level));
    std::int64_t sum = 0;
    for (const auto n : counts) sum += n;
    const auto threshold = pixel_threshold(sum, static_cast<std::int64_t>(counts.size()), pruning);
    for (const auto n : counts) mask.push_back(std::min(n, most) < threshold);
  }
  check(mask.size() == reads.size(), "N20: counts of other levels");
  return mask;
}

void add(DroppedByLevel& sum, const DroppedByLevel& more) {
  sum.resize(std::max(sum.size(), more.size()));
  for (std::size_t l = 0; l < more.size(); ++l) {
    sum[l].encoder_points += more[l].encoder_points;
    sum[l].decoder_points += more[l].decoder_points;
    sum[l].pixels += more[l].pixels;
  }
}

DroppedOfLevel total(const DroppedByLevel& levels) {
  DroppedByLevel sum(1);
  for (const auto& level : levels) add(sum, {level});
  return sum.front();
}

std::vector<Dropped> count_mask(std::span<const std::uint8_t> mask, const std::vector<LevelShape>& levels) {
  std::vector<Dropped> result;
  for (std::size_t first = 0; const auto& level : levels) {
    const auto pixels = mask.subspan(first, pixels_of(level));
    result.push_back({std::ranges::count(pixels, 1), static_cast<std::int64_t>(pixels.size())});
    first += pixels.size();
  }
  return result;
}

}  // namespace quillgen::model
