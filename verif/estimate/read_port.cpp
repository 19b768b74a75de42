#include "estimate/read_port.hpp"

#include <algorithm>

namespace quillgen::estimate {

void ReadPort::tick() {
  if (!bursts_.empty() && clock_.due(bursts_.front().due)) {
    auto& burst = bursts_.front();
    burst.client->beat();
    ++burst.client->beats, ++busy_;
    if (--burst.beats == 0) bursts_.pop();
    clock_.acted();
  }
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
    bursts_.push({client, client->granted(), clock_.now() + 1 + latency_});
    clock_.acted();
    return;
  }
}

void BurstReader::request(std::int64_t beats) {
  remaining_ = beats;
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
