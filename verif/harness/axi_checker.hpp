// Rules of AXI4 and of the host interface that a master can break. Each breach is a line of text.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/axi.hpp"

namespace quillgen::harness {

/// Breaches seen: all are counted, the first few are kept.
class Breaches {
 public:
  void add(std::uint64_t cycle, std::string_view text);
  std::uint64_t count() const { return count_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> texts_;
};

/// Watches the master's side of one port.
class AxiChecker {
 public:
  AxiChecker(int data_bytes, Breaches& breaches) : data_bytes_(data_bytes), breaches_(breaches) {}

  /// One rising edge: what both sides drove before it. Checks stability, bursts and the length of write data.
  void clock(std::uint64_t cycle, const AxiMasterSide& master, const AxiSlaveSide& slave);
  /// Forgets what was on offer and under way.
  void reset() {
    held_ar_.reset(), held_aw_.reset(), held_w_.reset(), open_writes_.clear(), early_data_.clear(), beats_ = 0;
  }

 private:
  void check_address(std::uint64_t cycle, std::string_view channel, const AxiAddress& a);
  void check_stable(std::uint64_t cycle, const AxiMasterSide& now);
  void match_write_data(std::uint64_t cycle);

  int data_bytes_;
  Breaches& breaches_;
  std::optional<AxiAddress> held_ar_, held_aw_;  ///< offered in the last cycle and not taken
  std::optional<AxiWriteBeat> held_w_;
  std::deque<std::uint32_t> open_writes_;  ///< len of writes whose data have not all come
  std::deque<bool> early_data_;            ///< WLAST of beats that have not been matched with a write
  std::uint32_t beats_ = 0;                ///< of the oldest open write
};

}  // namespace quillgen::harness
