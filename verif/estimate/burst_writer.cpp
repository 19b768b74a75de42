#include "estimate/burst_writer.hpp"

namespace quillgen::estimate {

Cycle BurstWriter::request(Cycle at) {
  free_ = std::max(at, free_) + 1;
  return free_ - 1;
}

Cycle BurstWriter::run(Cycle begin, int beats, int span) {
  Cycle late = 0;
  for (int first = 0; first < beats;) {
    const auto to_page = static_cast<int>(page_beats_ - position_ % page_beats_);
    const int length = std::min({most_burst_beats, beats - first, to_page});
    const auto place = [&](int i) -> Cycle& { return sent_[static_cast<std::size_t>((beats_ + i) % buffer)]; };
    Cycle in = 0;
    for (int i = 0; i < length; ++i) {
      const Cycle planned = begin + (std::int64_t{first + i + 1} * span + beats - 1) / beats - 1;
      in = std::max(planned + late, place(i) + 1);  // there is room when the beat that had its place has gone
      late = in - planned;
    }
    const Cycle go = std::max(free_ + 1, in + 1);  // sized, and the data held
    for (int i = 0; i < length; ++i) place(i) = go + 2 + i;
    last_sent_ = go + 1 + length;
    free_ = last_sent_ + 1;
    first += length, beats_ += length, position_ += length;
  }
  return late;
}

}  // namespace quillgen::estimate
