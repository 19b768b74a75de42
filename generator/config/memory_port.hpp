// The memory port: who reads with which ID, what is kept on chip of it, and how many bursts that leaves open at once.
// The RTL, the integration page and the harness all take it from here. The configuration must be valid (load.hpp).
#pragma once
#include <string>
#include <vector>

#include "config/derived.hpp"

namespace quillgen {

inline constexpr int max_burst = 16;          ///< beats
inline constexpr int rows_on_their_way = 32;  ///< rows for the PE array that are asked for and not all in it yet

// Buffers of the readers of runs, in beats, powers of two. A burst is asked for when its beats have their place there.
int longest_row_beats(const Config& c);       ///< of what the PE array takes
int job_buffer_beats(const Config& c);        ///< keeps the memory busy over its latency
int row_buffer_beats(const Config& c);        ///< that, and two rows
int reference_buffer_beats(const Config& c);  ///< keeps lanes going, and a sort that takes a beat of a row in 4 cycles
int list_buffer_beats();
int residual_buffer_beats(const Config& c);  ///< with an epilogue: of residual rows
int region_buffer_beats(const Config& c);    ///< of a lane
int lines_outstanding(const Config& c);      ///< lines of a lane that are under way or wait, a burst each

/// The most bursts that are open when `beats` beats are reserved, of `runs` runs of at most `longest` beats each: a
/// burst has max_burst beats but where its run ends and at most once where it meets 4 KiB.
int most_bursts(int beats, int runs, int longest);

/// A read ID of the AXI master.
struct ReadClient {
  std::string name, reads;  ///< reads: what, for a page
  int most_open;            ///< bursts that are asked for and not answered to their last beat
};
/// All of them; their ID is their place. Behind the first four those of the features come, one for each lane; with
/// regions another for each lane, of what is brought ahead, or with region_ranges those alone; with an epilogue one of
/// positions and one of residuals.
std::vector<ReadClient> read_clients(const Config& c);

/// The most writes that are open at once, which nothing but the job limits: those of its largest run, whose end waits
/// for the answers.
int most_open_writes(const Config& c);

}  // namespace quillgen
