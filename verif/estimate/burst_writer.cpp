#include "estimate/burst_writer.hpp"

namespace quillgen::estimate {

Cycle BurstWriter::request(Cycle at) {
  const Cycle taken = std::max(at, room_);
  room_ = free_ = std::max(taken + fifo_delay, free_) + 1;
  return taken;
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
      in = std::max(planned + late, place(i) + 2);  // there is room when the beat that had its place has gone
      late = in - planned;
    }
    // Sized, the data held, and of the bursts before at most one whose data are not all sent.
    const Cycle go = std::max({free_ + 1, in + 1, sent_before_ + 1});
    const Cycle begin_data = std::max(go + 2, last_sent_ + 1);
    for (int i = 0; i < length; ++i) place(i) = begin_data + i;
    sent_before_ = last_sent_;
    last_sent_ = begin_data + length - 1;
    answered_ = memory_.write(last_sent_, length);
    free_ = go + 2;
    first += length, beats_ += length, position_ += length;
  }
  return late;
}

}  // namespace quillgen::estimate
