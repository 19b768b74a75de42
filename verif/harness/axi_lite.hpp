// An AXI4-Lite master as a driver would be: one register access at a time, the two halves of a write in either order.
#pragma once
#include <cstdint>

#include "harness/axi_checker.hpp"
#include "harness/stall.hpp"

namespace quillgen::harness {

struct AxiLiteMasterSide {
  bool aw_valid = false, w_valid = false, b_ready = false, ar_valid = false, r_ready = false;
  std::uint32_t aw_address = 0, w_data = 0, w_strobe = 0xf, ar_address = 0;
};

struct AxiLiteSlaveSide {
  bool aw_ready = false, w_ready = false, b_valid = false, ar_ready = false, r_valid = false;
  std::uint32_t b_response = 0, r_data = 0, r_response = 0;
  bool operator==(const AxiLiteSlaveSide&) const = default;
};

class AxiLiteMaster {
 public:
  AxiLiteMaster(int stall_percent, std::uint64_t seed) : stall_percent_(stall_percent), chance_(seed * 8 + 0) {}

  /// Starts an access; only when not busy.
  void start_write(std::uint32_t address, std::uint32_t data);
  void start_read(std::uint32_t address);
  bool busy() const { return kind_ != Kind::None; }
  /// Data and response of the last access.
  std::uint32_t data() const { return data_; }
  std::uint32_t response() const { return response_; }

  const AxiLiteMasterSide& outputs() const { return out_; }
  void clock(const AxiLiteSlaveSide& in);
  const Breaches& breaches() const { return breaches_; }

 private:
  enum class Kind { None, Write, Read };
  void prepare();
  void check(const AxiLiteSlaveSide& in);

  int stall_percent_;
  Chance chance_;
  Breaches breaches_;
  Kind kind_ = Kind::None;
  AxiLiteMasterSide out_;
  bool address_done_ = false, data_done_ = false;
  std::uint32_t address_ = 0, write_data_ = 0, data_ = 0, response_ = 0;
  std::uint64_t cycle_ = 0;
  bool held_b_ = false, held_r_ = false;
  AxiLiteSlaveSide last_;
};

}  // namespace quillgen::harness
