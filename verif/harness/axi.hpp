// What crosses an AXI4 port in a cycle, as plain values.
#pragma once
#include <array>
#include <cstdint>

namespace quillgen::harness {

enum AxiResponse : std::uint32_t { axi_okay = 0, axi_slverr = 2, axi_decerr = 3 };
inline constexpr std::uint32_t axi_incr = 1;

/// Payload of AR or AW.
struct AxiAddress {
  std::uint32_t id = 0;
  std::uint64_t address = 0;
  std::uint32_t len = 0;   ///< beats - 1
  std::uint32_t size = 0;  ///< log2 of the bytes of a beat
  std::uint32_t burst = axi_incr;
  bool operator==(const AxiAddress&) const = default;
};

using AxiData = std::array<std::uint8_t, 64>;  ///< up to 512 bits, unused bytes 0

struct AxiWriteBeat {
  AxiData data{};
  std::uint64_t strobe = 0;  ///< bit i: byte i is written
  bool last = false;
  bool operator==(const AxiWriteBeat&) const = default;
};

struct AxiReadBeat {
  std::uint32_t id = 0;
  AxiData data{};
  std::uint32_t response = axi_okay;
  bool last = false;
};

struct AxiWriteResponse {
  std::uint32_t id = 0;
  std::uint32_t response = axi_okay;
};

/// Driven by the master.
struct AxiMasterSide {
  bool ar_valid = false, aw_valid = false, w_valid = false;
  bool r_ready = false, b_ready = false;
  AxiAddress ar, aw;
  AxiWriteBeat w;
};

/// Driven by the slave.
struct AxiSlaveSide {
  bool ar_ready = false, aw_ready = false, w_ready = false;
  bool r_valid = false, b_valid = false;
  AxiReadBeat r;
  AxiWriteResponse b;
};

}  // namespace quillgen::harness
