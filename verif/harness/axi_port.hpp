// The pins of the accelerator: between the signals of the simulator and the plain values of axi.hpp and axi_lite.hpp.
#pragma once
#include "harness/axi.hpp"
#include "harness/axi_lite.hpp"
#include "harness/simulator.hpp"

namespace quillgen::harness {

/// The AXI4 master port m_axi_*.
class AxiPort {
 public:
  AxiPort(const Simulator& sim, int data_bits, int address_bits);
  void drive(const AxiSlaveSide& slave);
  AxiMasterSide sample() const;

 private:
  struct Address {
    Signal valid, ready, id, address, len, size, burst;
  };
  static Address address_channel(const Simulator& sim, const std::string& prefix, int address_bits);
  static AxiAddress payload(const Address& channel);

  Address ar_, aw_;
  Signal r_valid_, r_ready_, r_id_, r_data_, r_response_, r_last_;
  Signal w_valid_, w_ready_, w_data_, w_strobe_, w_last_;
  Signal b_valid_, b_ready_, b_id_, b_response_;
};

/// The AXI4-Lite slave port s_axil_*.
class AxiLitePort {
 public:
  explicit AxiLitePort(const Simulator& sim);
  void drive(const AxiLiteMasterSide& master);
  AxiLiteSlaveSide sample() const;

 private:
  Signal aw_valid_, aw_ready_, aw_address_, w_valid_, w_ready_, w_data_, w_strobe_, b_valid_, b_ready_, b_response_;
  Signal ar_valid_, ar_ready_, ar_address_, r_valid_, r_ready_, r_data_, r_response_;
};

}  // namespace quillgen::harness
