#include "estimate/offset_steps.hpp"

#include "config/derived.hpp"

namespace quillgen::estimate {

OffsetSteps offset_steps(const Config& c, const Demand& demand) {
  const auto samples = static_cast<std::size_t>(c.attention.samples_per_query()),
             lanes = static_cast<std::size_t>(c.core.lanes()), of_tile = static_cast<std::size_t>(c.gemm.columns) / 2,
             rows = static_cast<std::size_t>(c.gemm.rows);
  const std::int64_t steps_of_tile = divide_up(c.attention.embed_dim, c.gemm.depth);
  const auto order = demand.schedule(c);
  OffsetSteps steps;
  for (std::size_t first = 0; first < order.size(); first += rows) {
    const auto end = std::min(first + rows, order.size());
    for (std::size_t tile = 0; tile < samples; tile += of_tile) {
      bool lives = false;
      for (std::size_t place = tile; place < std::min(tile + of_tile, samples); ++place) {
        // The lanes take turns.
        const auto sample =
            static_cast<std::size_t>(lane_sample(c, static_cast<int>(place % lanes), static_cast<int>(place / lanes)));
        for (std::size_t q = first; q < end; ++q)
          lives |= !demand.places[static_cast<std::size_t>(order[q]) * samples + sample].dropped;
      }
      steps.all += steps_of_tile;
      if (!lives) steps.unneeded += steps_of_tile;
    }
  }
  return steps;
}

}  // namespace quillgen::estimate
