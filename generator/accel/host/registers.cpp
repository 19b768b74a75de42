// The AXI4-Lite registers: decoder and storage, made from the table (registers.hpp).
#include "accel/host/registers.hpp"

#include <fmt/core.h>

#include <map>

#include "accel/blocks.hpp"
#include "accel/shapes.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Registers {
  Module& m;
  const std::vector<Register> map;
  const bool programs;    // there is an epilogue
  const int detail_bits;  // of ERROR_DETAIL

  UInt awaddr = {}, write_address = {}, write_data = {};
  Bool write = {}, write_all = {};  // a register is written; .. with all of its bytes
  std::map<std::string, Bool> writes = {};
  Bool soft_reset = {};
  std::map<std::string, UInt> values = {};  // what a register reads as

  std::vector<RegisterField> fields(const std::string& name) const {
    for (const Register& r : map)
      if (r.name == name) return r.fields;
    throw HdlError("no register " + name);
  }
  void take_writes();
  void store();
  void interrupts();
  void state();
  void read();
};

void Registers::take_writes() {
  m.note("Write: address and data are taken independently, the register is written when both are there.");
  auto awvalid = input(m, "awvalid", Bool());
  auto aw_held = reg(m, "aw_held", Bool(), 0), w_held = reg(m, "w_held", Bool(), 0),
       bvalid = reg(m, "bvalid", Bool(), 0);
  awaddr = input(m, "awaddr", UInt(12));
  auto wvalid = input(m, "wvalid", Bool());
  auto wdata = input(m, "wdata", UInt(32));
  auto wstrb = input(m, "wstrb", UInt(4));
  auto bready = input(m, "bready", Bool());
  auto at = reg(m, "write_address", UInt(10));
  auto data = reg(m, "write_data", UInt(32));
  auto all = reg(m, "write_all", Bool());
  output(m, "awready", ~aw_held);
  output(m, "wready", ~w_held);
  write = (aw_held & w_held & (~bvalid | bready)).named("write");
  aw_held.when(write, false).when(awvalid, true);
  w_held.when(write, false).when(wvalid, true);
  at.when(~aw_held, awaddr >> 2);
  data.when(~w_held, wdata);
  all.when(~w_held, wstrb == 15);
  bvalid.when(write, true).when(bready, false);
  output(m, "bvalid", bvalid);
  write_address = at, write_data = data, write_all = all;
}

void Registers::store() {
  m.note("Which register is written.");
  for (const Register& r : map)
    if (r.access != Access::ro)
      writes[r.name] = (write & write_all & (write_address == r.offset / 4)).named("write_" + r.name);
  soft_reset = (writes.at("control") & write_data.bit(1)).named("soft_reset");
  for (const Register& r : map)
    if (r.access == Access::rw) {
      const int bits = r.fields.empty() ? 32 : r.fields.back().low + r.fields.back().bits;
      auto stored = reg(m, r.name, UInt(bits), 0);
      stored.when(soft_reset, 0).when(writes.at(r.name), write_data.resize(bits));
      values[r.name] = stored;
    }
  output(m, "start", writes.at("start") & write_data.bit(0));
  output(m, "abort", writes.at("control") & write_data.bit(0));
  output(m, "soft_reset", soft_reset);
  if (programs) output(m, "resume", writes.at("control") & write_data.bit(2));
  output(m, "descriptor", concat({values.at("desc_hi"), values.at("desc_lo")}));
  output(m, "timeout", values.at("timeout"));
}

void Registers::interrupts() {
  m.note("Interrupts: an event sets its bit, writing 1 clears it; irq follows a cycle later.");
  std::vector<Signal> bits;
  const auto all = fields("int_state");
  for (int i = interrupt_count - 1; i >= 0; --i) {
    const auto& name = all[static_cast<std::size_t>(i)].name;
    auto event =
        i != interrupt_step || programs ? input(m, fmt::format("event_{}", name), Bool()) : Bool::constant(m, false);
    auto state = reg(m, fmt::format("int_{}", name), Bool(), 0);
    state.when(soft_reset, false)
        .when(event | (writes.at("int_test") & write_data.bit(i)), true)
        .when(writes.at("int_state") & write_data.bit(i), false);
    bits.push_back(state);
    if (i == interrupt_failed) output(m, "failure_pending", state);
  }
  values["int_state"] = concat(bits).named("int_state");
  auto irq = reg(m, "irq", Bool(), 0);
  irq.next((values.at("int_state") & values.at("int_enable")).any());
  output(m, "irq", irq);
}

void Registers::state() {
  m.note("State of the accelerator.");
  std::vector<Signal> status;
  const auto status_bits = fields("status");  // from bit 0 on, without gaps
  for (auto f = status_bits.rbegin(); f != status_bits.rend(); ++f)
    status.push_back(f->name != "waiting" || programs ? input(m, f->name, Bool()) : Bool::constant(m, false));
  values["status"] = concat(status);
  values["error"] = input(m, "error", UInt(error_bits));
  values["error_detail"] = input(m, "error_detail", UInt(detail_bits));
  values["job_id"] = input(m, "job_id", UInt(32));

  m.note("Counters: all are copied at once.");
  Bool copy = (writes.at("snapshot") | input(m, "job_ended", Bool())).named("copy");
  std::vector<Reg<UInt>> copies;
  for (const char* name : counter_names) {
    const auto copied = fmt::format("count_{}", name);
    copies.push_back(reg(m, copied, UInt(32), 0));
    values[copied] = copies.back();
  }
  for (std::size_t i = 0; i < copies.size(); ++i)
    copies[i].when(copy, input(m, fmt::format("counter_{}", counter_names[i]), UInt(32)));
}

void Registers::read() {
  m.note("Read.");
  auto arvalid = input(m, "arvalid", Bool());
  auto araddr = input(m, "araddr", UInt(12));
  auto rready = input(m, "rready", Bool());
  // One read at a time, so that arready comes from a register.
  discard(awaddr.bits(0, 2)), discard(araddr.bits(0, 2));
  auto rvalid = reg(m, "rvalid", Bool(), 0);
  auto rdata = reg(m, "rdata", UInt(32));
  output(m, "arready", ~rvalid);
  Bool take = (arvalid & ~rvalid).named("take_read");
  rvalid.when(take, true).when(rready, false);
  UInt value = UInt::constant(m, 0, 32);
  for (auto r = map.rbegin(); r != map.rend(); ++r) {
    if (r->access == Access::wo) continue;
    UInt word = r->constant ? UInt::constant(m, *r->constant, 32) : values.at(r->name).extend(32);
    value = mux(araddr.bits(2, 10) == r->offset / 4, word, value);
  }
  rdata.when(take, value);
  output(m, "rvalid", rvalid);
  output(m, "rdata", rdata);
}

}  // namespace

const Module& build_registers(Design& d, const Shapes& s) {
  return d.module("axil_registers", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "AXI4-Lite registers (registers.md). Addresses that are not in the map read 0 and ignore writes, as do writes "
        "of less than four bytes.");
    Registers registers{m, register_map(s.config), s.has_epilogue(), s.detail_bits()};
    registers.take_writes();
    registers.store();
    registers.interrupts();
    registers.state();
    registers.read();
  });
}

}  // namespace quillgen::accel
