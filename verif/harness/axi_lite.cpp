#include "harness/axi_lite.hpp"

#include <cassert>

namespace quillgen::harness {

void AxiLiteMaster::start_write(std::uint32_t address, std::uint32_t data) {
  assert(!busy());
  kind_ = Kind::Write;
  address_ = address, write_data_ = data;
  address_done_ = data_done_ = false;
}

void AxiLiteMaster::start_read(std::uint32_t address) {
  assert(!busy());
  kind_ = Kind::Read;
  address_ = address;
  address_done_ = false;
}

/// Responses must be held until taken, and come only when asked for.
void AxiLiteMaster::check(const AxiLiteSlaveSide& in) {
  if (held_b_ && (!in.b_valid || in.b_response != last_.b_response))
    breaches_.add(cycle_, "s_axil B: withdrawn or changed before ready");
  if (held_r_ && (!in.r_valid || in.r_data != last_.r_data || in.r_response != last_.r_response))
    breaches_.add(cycle_, "s_axil R: withdrawn or changed before ready");
  if (in.b_valid && !(kind_ == Kind::Write && address_done_ && data_done_))
    breaches_.add(cycle_, "s_axil B: a response to nothing");
  if (in.r_valid && !(kind_ == Kind::Read && address_done_)) breaches_.add(cycle_, "s_axil R: data for nothing");
  held_b_ = in.b_valid && !out_.b_ready;
  held_r_ = in.r_valid && !out_.r_ready;
  last_ = in;
}

void AxiLiteMaster::clock(const AxiLiteSlaveSide& in) {
  check(in);
  const bool b = in.b_valid && out_.b_ready && kind_ == Kind::Write && address_done_ && data_done_;
  const bool r = in.r_valid && out_.r_ready && kind_ == Kind::Read && address_done_;
  if (out_.aw_valid && in.aw_ready) address_done_ = true, out_.aw_valid = false;
  if (out_.w_valid && in.w_ready) data_done_ = true, out_.w_valid = false;
  if (out_.ar_valid && in.ar_ready) address_done_ = true, out_.ar_valid = false;
  if (b) response_ = in.b_response, kind_ = Kind::None;
  if (r) data_ = in.r_data, response_ = in.r_response, kind_ = Kind::None;
  ++cycle_;
  prepare();
}

/// What is driven in the coming cycle; a valid once raised stays until it is taken.
void AxiLiteMaster::prepare() {
  const auto go = [&] { return !chance_(stall_percent_); };
  const bool aw = go(), w = go(), ar = go();
  if (kind_ == Kind::Write && !address_done_ && aw) out_.aw_valid = true;
  if (kind_ == Kind::Write && !data_done_ && w) out_.w_valid = true;
  if (kind_ == Kind::Read && !address_done_ && ar) out_.ar_valid = true;
  out_.aw_address = out_.aw_valid ? address_ : 0xabc;
  out_.ar_address = out_.ar_valid ? address_ : 0xabc;
  out_.w_data = out_.w_valid ? write_data_ : 0xdeadbeef;
  out_.b_ready = go();
  out_.r_ready = go();
}

}  // namespace quillgen::harness
