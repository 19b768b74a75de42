// What the look-ups of both cache policies have in common: a sample split into its lines before, and the way of the
// sample and of its missing lines after.
#pragma once
#include <string>
#include <vector>

#include "accel/cache/cache_entry.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

/// One axis of a sample: its pixels x0 and x0 + 1, of which one is even and one is odd.
struct Axis {
  hdl::Bool odd;                    ///< x0 is odd
  std::array<hdl::UInt, 2> line;    ///< of even, odd number
  std::optional<hdl::UInt> parity;  ///< as QueueEntry::line_x
};

/// A sample split by parity.
struct SampleLines {
  Axis x, y;
  std::array<hdl::UInt, banks> weight;  ///< by parity of the pixel
  hdl::UInt needed;                     ///< bit p: a pixel with a weight lies in the line of parity p
};
SampleLines split_sample(hdl::Module& m, const Shapes& s, const Corners& corners);

/// The lines of a sample, looked up.
struct FoundLines {
  std::vector<hdl::Signal> missing, found;  ///< Bools by parity of the line
  hdl::UInt level, head;
  std::array<hdl::UInt, 2> row, column;  ///< by parity
};

/// Makes an output: how many of these Bools were 1 when a sample left, in the cycle after.
void count_lines(hdl::Module& m, const std::string& port, const hdl::Bool& leave, const std::vector<hdl::Signal>& list);

/// Asks for the missing lines of the sample at the end of `pipe`, one a cycle, and sends its entry to the run-ahead
/// queue, `fill` set to them; it leaves when both are done. Makes the streams miss (LineName) and entry (QueueEntry),
/// and the ports hits and misses. Returns the cycle in which the sample leaves.
hdl::Bool send_sample(hdl::Module& m, const Shapes& s, lib::Pipeline& pipe, QueueEntry entry, const FoundLines& lines);

/// Likewise with has_line_pairs(): the missing lines of `missed_samples` samples may wait to be asked for, so that a
/// sample leaves in a cycle, however many it misses.
hdl::Bool queue_sample(hdl::Design& d, hdl::Module& m, const Shapes& s, lib::Pipeline& pipe, QueueEntry entry,
                       const FoundLines& lines);

}  // namespace quillgen::accel
