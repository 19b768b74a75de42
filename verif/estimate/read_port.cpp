#include "estimate/read_port.hpp"

#include <algorithm>

namespace quillgen::estimate {

void ReadPort::answer() {
  const std::size_t count = clients_.size();
  std::size_t oldest = count;
  unsigned due = 0;
  const auto is_due = [&](std::size_t i) { return !bursts_[i].empty() && bursts_[i].front().due <= clock_.now(); };
  for (std::size_t i = 0; i < count; ++i) {
    if (bursts_[i].empty() || !clock_.due(bursts_[i].front().due)) continue;
    ++due;
    if (oldest == count || bursts_[i].front().due < bursts_[oldest].front().due) oldest = i;
  }
  if (due == 0) return;
  std::size_t chosen = in_burst_ && is_due(answered_) ? answered_ : oldest;
  if (due > 1 && order_.below(mixed_beats) == 0) {
    auto skipped = order_.below(due);
    for (chosen = 0; !is_due(chosen) || skipped-- > 0;) ++chosen;
  }
  auto& burst = bursts_[chosen].front();
  clients_[chosen]->beat();
  ++clients_[chosen]->beats, ++busy_;
  answered_ = chosen, in_burst_ = --burst.beats > 0;
  if (!in_burst_) bursts_[chosen].pop();
  else if (memory_.is_dram())
    burst.due = burst.beats_due[burst.beats_due.size() - static_cast<std::size_t>(burst.beats)];
  clock_.acted();
}

void ReadPort::tick() {
  if (memory_.is_dram()) memory_.serve_writes(clock_.now());
  answer();
  const std::size_t count = clients_.size();
  const bool demanded = std::any_of(clients_.begin(), clients_.end(), [&](const ReadClient* client) {
    return client->kind == ReadClient::Kind::demand && client->ask_at <= clock_.now();
  });
  for (std::size_t i = 1; i <= count; ++i) {
    const std::size_t index = served_ + i < count ? served_ + i : served_ + i - count;
    auto* client = clients_[index];
    if (!clock_.due(client->ask_at) || (demanded && client->kind == ReadClient::Kind::ahead)) continue;
    served_ = index;
    // A register holds the choice for the bus.
    const Cycle taken = clock_.now() + 1;
    if (memory_.is_dram()) {
      const auto offset = client->address(),
                 address = offset >= Memory::map_base ? offset : Memory::base_of(index) + offset;
      const int beats = client->granted();
      auto due = memory_.read(taken, address, beats);
      const Cycle first = due.front();
      bursts_[index].push({beats, first, std::move(due)});
    } else {
      bursts_[index].push({client->granted(), taken + memory_.latency(), {}});
    }
    clock_.acted();
    return;
  }
}

void BurstReader::request(std::int64_t beats, std::int64_t row) {
  remaining_ = beats;
  if (row >= 0) address_ = static_cast<std::uint64_t>(row * beats * beat_bytes_);
  size();
  clock_.acted();
}

/// The next burst is sized, which takes two cycles.
void BurstReader::size() {
  if (remaining_ == 0) {
    length_ = 0, ask_at = never, idle_ = clock_.now() + 1;
    return;
  }
  const std::int64_t to_page = page_beats_ - position_ % page_beats_;
  length_ = static_cast<int>(std::min({std::int64_t{most_burst_beats}, remaining_, to_page}));
  sized_ = clock_.now() + 2;
  ask();
}

void BurstReader::ask() {
  if (length_ == 0) return;
  ask_at = reserved_ + length_ <= buffer_ ? std::max(sized_, clock_.now() + 1) : never;
}

int BurstReader::granted() {
  const int length = length_;
  reserved_ += length, remaining_ -= length, position_ += length;
  address_ += static_cast<std::uint64_t>(length) * static_cast<std::uint64_t>(beat_bytes_);
  size();
  return length;
}

void BurstReader::take() {
  arrived_.pop();
  --reserved_;
  ask();
  clock_.acted();
}

}  // namespace quillgen::estimate
