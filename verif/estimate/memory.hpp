// What answers the port: every read after the same latency, or a DRAM with its banks and its one data bus.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dram/dram.hpp"
#include "estimate/clock.hpp"

namespace quillgen::estimate {

class Memory {
 public:
  Memory(int latency, int beat_bytes, const DramTiming* dram) : latency_(latency), beat_bytes_(beat_bytes) {
    if (dram != nullptr) dram_.emplace(*dram);
  }
  bool is_dram() const { return dram_.has_value(); }
  int latency() const { return latency_; }
  /// A burst whose address is taken in `now`: when each of its beats may come. Cycles never decrease from call to call.
  std::vector<Cycle> read(Cycle now, std::uint64_t address, int beats) {
    serve_writes(now);
    const auto due =
        dram_->read(static_cast<std::uint64_t>(now), address, static_cast<std::uint32_t>(beats), beat_bytes_);
    return {due.begin(), due.end()};
  }
  /// A burst whose last beat is sent in `last`, which may be in the future; when it is answered, as far as that is
  /// known now: it may find the bus taken by reads that come before.
  Cycle write(Cycle last, int beats) {
    if (!dram_) return last + latency_;
    writes_.push({last, written_, beats});
    written_ += static_cast<std::uint64_t>(beats) * static_cast<std::uint64_t>(beat_bytes_);
    return last + usual_response();
  }
  /// The writes that are due take their turns.
  void serve_writes(Cycle now) {
    for (; !writes_.empty() && writes_.front().last <= now; writes_.pop()) {
      const auto& w = writes_.front();
      dram_->write(static_cast<std::uint64_t>(w.last < served_ ? served_ : w.last), write_base + w.address,
                   static_cast<std::uint32_t>(w.beats), beat_bytes_);
      served_ = std::max(served_, w.last);
    }
    served_ = std::max(served_, now);
  }
  /// Each client reads a tensor of its own, all lanes the value map, and what is written is one more.
  static constexpr std::uint64_t write_base = std::uint64_t{1} << 40, map_base = std::uint64_t{1} << 44;
  static std::uint64_t base_of(std::size_t client) {
    const std::uint64_t scattered = (client + 1) * 0x9E3779B97F4A7C15u >> 40 << 6;  // over rows and banks
    return ((client + 1) << 34) + scattered;
  }

 private:
  struct Write {
    Cycle last;
    std::uint64_t address;
    int beats;
  };
  /// Nothing in the way: a row is opened, and the data written.
  Cycle usual_response() const {
    const auto& t = dram_->timing();
    return (t.controller + t.activate_to_column + t.write_latency + t.access_time()) / t.clock_period() + 1;
  }

  int latency_, beat_bytes_;
  std::optional<Dram> dram_;
  Queue<Write> writes_;
  std::uint64_t written_ = 0;
  Cycle served_ = 0;
};

}  // namespace quillgen::estimate
