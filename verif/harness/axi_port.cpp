#include "harness/axi_port.hpp"

namespace quillgen::harness {
namespace {
constexpr bool input = true, output = false;
}

AxiPort::Address AxiPort::address_channel(const Simulator& sim, const std::string& prefix, int address_bits) {
  return {sim.port(prefix + "valid", output, 1), sim.port(prefix + "ready", input, 1),
          sim.port(prefix + "id", output),       sim.port(prefix + "addr", output, address_bits),
          sim.port(prefix + "len", output, 8),   sim.port(prefix + "size", output, 3),
          sim.port(prefix + "burst", output, 2)};
}

AxiPort::AxiPort(const Simulator& sim, int data_bits, int address_bits)
    : ar_(address_channel(sim, "m_axi_ar", address_bits)),
      aw_(address_channel(sim, "m_axi_aw", address_bits)),
      r_valid_(sim.port("m_axi_rvalid", input, 1)),
      r_ready_(sim.port("m_axi_rready", output, 1)),
      r_id_(sim.port("m_axi_rid", input)),
      r_data_(sim.port("m_axi_rdata", input, data_bits)),
      r_response_(sim.port("m_axi_rresp", input, 2)),
      r_last_(sim.port("m_axi_rlast", input, 1)),
      w_valid_(sim.port("m_axi_wvalid", output, 1)),
      w_ready_(sim.port("m_axi_wready", input, 1)),
      w_data_(sim.port("m_axi_wdata", output, data_bits)),
      w_strobe_(sim.port("m_axi_wstrb", output, data_bits / 8)),
      w_last_(sim.port("m_axi_wlast", output, 1)),
      b_valid_(sim.port("m_axi_bvalid", input, 1)),
      b_ready_(sim.port("m_axi_bready", output, 1)),
      b_id_(sim.port("m_axi_bid", input)),
      b_response_(sim.port("m_axi_bresp", input, 2)) {}

void AxiPort::drive(const AxiSlaveSide& s) {
  ar_.ready.set(s.ar_ready);
  aw_.ready.set(s.aw_ready);
  w_ready_.set(s.w_ready);
  r_valid_.set(s.r_valid);
  r_id_.set(s.r.id);
  r_data_.set_bytes(s.r.data.data());
  r_response_.set(s.r.response);
  r_last_.set(s.r.last);
  b_valid_.set(s.b_valid);
  b_id_.set(s.b.id);
  b_response_.set(s.b.response);
}

AxiAddress AxiPort::payload(const Address& c) {
  return {static_cast<std::uint32_t>(c.id.get()), c.address.get(), static_cast<std::uint32_t>(c.len.get()),
          static_cast<std::uint32_t>(c.size.get()), static_cast<std::uint32_t>(c.burst.get())};
}

AxiMasterSide AxiPort::sample() const {
  AxiMasterSide m;
  m.ar_valid = ar_.valid.get(), m.aw_valid = aw_.valid.get(), m.w_valid = w_valid_.get();
  m.r_ready = r_ready_.get(), m.b_ready = b_ready_.get();
  if (m.ar_valid) m.ar = payload(ar_);
  if (m.aw_valid) m.aw = payload(aw_);
  if (m.w_valid) {
    w_data_.get_bytes(m.w.data.data());
    m.w.strobe = w_strobe_.get();
    m.w.last = w_last_.get();
  }
  return m;
}

AxiLitePort::AxiLitePort(const Simulator& sim)
    : aw_valid_(sim.port("s_axil_awvalid", input, 1)),
      aw_ready_(sim.port("s_axil_awready", output, 1)),
      aw_address_(sim.port("s_axil_awaddr", input, 12)),
      w_valid_(sim.port("s_axil_wvalid", input, 1)),
      w_ready_(sim.port("s_axil_wready", output, 1)),
      w_data_(sim.port("s_axil_wdata", input, 32)),
      w_strobe_(sim.port("s_axil_wstrb", input, 4)),
      b_valid_(sim.port("s_axil_bvalid", output, 1)),
      b_ready_(sim.port("s_axil_bready", input, 1)),
      b_response_(sim.port("s_axil_bresp", output, 2)),
      ar_valid_(sim.port("s_axil_arvalid", input, 1)),
      ar_ready_(sim.port("s_axil_arready", output, 1)),
      ar_address_(sim.port("s_axil_araddr", input, 12)),
      r_valid_(sim.port("s_axil_rvalid", output, 1)),
      r_ready_(sim.port("s_axil_rready", input, 1)),
      r_data_(sim.port("s_axil_rdata", output, 32)),
      r_response_(sim.port("s_axil_rresp", output, 2)) {}

void AxiLitePort::drive(const AxiLiteMasterSide& m) {
  aw_valid_.set(m.aw_valid);
  aw_address_.set(m.aw_address);
  w_valid_.set(m.w_valid);
  w_data_.set(m.w_data);
  w_strobe_.set(m.w_strobe);
  b_ready_.set(m.b_ready);
  ar_valid_.set(m.ar_valid);
  ar_address_.set(m.ar_address);
  r_ready_.set(m.r_ready);
}

AxiLiteSlaveSide AxiLitePort::sample() const {
  AxiLiteSlaveSide s;
  s.aw_ready = aw_ready_.get(), s.w_ready = w_ready_.get(), s.b_valid = b_valid_.get();
  s.ar_ready = ar_ready_.get(), s.r_valid = r_valid_.get();
  s.b_response = static_cast<std::uint32_t>(b_response_.get());
  s.r_data = static_cast<std::uint32_t>(r_data_.get());
  s.r_response = static_cast<std::uint32_t>(r_response_.get());
  return s;
}

}  // namespace quillgen::harness
