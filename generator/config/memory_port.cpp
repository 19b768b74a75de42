#include "config/memory_port.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/region.hpp"

namespace quillgen {

int longest_row_beats(const Config& c) {
  const int longest = std::max(c.attention.embed_dim, c.gemm.max_inner);
  const int beats = std::max(source_row_beats(c), row_beats(longest, c.numerics.query_bits, c.memory));
  return c.network.epilogue == 0 ? beats : std::max(beats, row_beats(longest, result_width(c), c.memory));
}

int job_buffer_beats(const Config& c) { return power_of_two(std::max(c.memory.latency_cycles, 2 * max_burst)); }

int row_buffer_beats(const Config& c) {
  return power_of_two(std::max(c.memory.latency_cycles + 2 * longest_row_beats(c), 2 * max_burst));
}

int reference_buffer_beats(const Config& c) {
  const int row = reference_row_bytes(c, true) / beat_bytes(c.memory) + 2;
  const int of_lanes = c.memory.latency_cycles * row * c.core.lanes() / c.attention.samples_per_query();
  return power_of_two(std::max(of_lanes, c.memory.latency_cycles / 4) + 2 * max_burst);
}

int residual_buffer_beats(const Config& c) {
  return power_of_two(std::max(c.memory.latency_cycles + 2 * output_row_beats(c), 2 * max_burst));
}

int list_buffer_beats() { return 2 * max_burst; }

int region_buffer_beats(const Config& c) {
  return power_of_two(c.memory.latency_cycles / c.core.lanes() + 2 * max_burst);
}

int lines_outstanding(const Config& c) { return c.memory.max_outstanding / c.core.lanes(); }

int most_bursts(int beats, int runs, int longest) {
  // Every run may have two bursts of a single beat, at its end and before 4 KiB; all others are full, but of the oldest
  // only one beat may be left.
  const int ends = std::min(beats, runs * std::min(longest, 2));
  return std::min(ends + divide_up(beats - ends, max_burst), runs * (divide_up(longest, max_burst) + 1));
}

std::vector<ReadClient> read_clients(const Config& c) {
  constexpr int any_length = 1 << 20;
  const int job = job_buffer_beats(c), rows = row_buffer_beats(c), references = reference_buffer_beats(c),
            list = list_buffer_beats();
  std::vector<ReadClient> clients = {
      {"job", "descriptor, parameter image or panels, mask", most_bursts(job, 1, any_length)},  // one after the other
      {"rows", "source rows, query rows, rows of a dense job",
       most_bursts(rows, rows_on_their_way, longest_row_beats(c))},
      {"reference", "references", references},  // the first beats of scattered rows, for a sort
      {"list", "index list", most_bursts(list, 1, any_length)}};
  const auto lane = [&](const char* name, const char* reads, int number, int most) {
    clients.push_back({fmt::format("{}_{}", name, number), fmt::format("{}, lane {}", reads, number), most});
  };
  if (!has_ranged_regions(c))
    for (int l = 0; l < c.core.lanes(); ++l) lane("feature", "lines of the value map", l, lines_outstanding(c));
  if (c.feature_cache.policy == region_policy) {
    const int run = c.attention.heads / c.core.head_lanes * line_beats(c), beats = region_buffer_beats(c);
    for (int l = 0; l < c.core.lanes(); ++l)
      lane("region", "lines of the value map ahead of their samples", l,
           most_bursts(beats, divide_up(beats, run) + 1, any_length));
  }
  if (c.network.epilogue != 0) {
    const int row = output_row_beats(c), beats = residual_buffer_beats(c);
    clients.push_back({"position", "rows that are added to those of the stream", clients[1].most_open});
    clients.push_back(
        {"residual", "rows that results are added to", most_bursts(beats, divide_up(beats, row) + 1, row)});
  }
  return clients;
}

int most_open_writes(const Config& c) {
  const auto bursts = [](int run) { return most_bursts(run, 1, run); };
  const int map = c.attention.heads * block_beats(c),
            row = std::max(output_row_beats(c), row_beats(result_elements(c), result_width(c), c.memory)),
            boxes = c.network.epilogue != 0 ? box_row_beats(c) : 0;
  // A level of h x w pixels has at most (h * w + 1) / 2 blocks.
  return std::max((c.attention.max_tokens + c.attention.levels) / 2 * bursts(map),
                  c.attention.max_queries * bursts(std::max(row, boxes)));
}

}  // namespace quillgen
