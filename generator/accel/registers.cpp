#include "accel/registers.hpp"

#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_registers(Design& d, const Shapes& s) {
  return d.module("axil_registers", [&](Module& m) {
    m.describe(
        "AXI4-Lite registers: identification, capabilities, descriptor address, start, status, counters. Addresses "
        "that are not in the map read 0 and "
        "ignore writes.");
    auto word = [&](std::uint64_t v) { return UInt::constant(m, v, 32); };

    m.note("Write: address and data are taken independently, the register is written when both are there.");
    auto awvalid = input(m, "awvalid", Bool());
    auto aw_held = reg(m, "aw_held", Bool(), 0), w_held = reg(m, "w_held", Bool(), 0),
         bvalid = reg(m, "bvalid", Bool(), 0);
    auto awaddr = input(m, "awaddr", UInt(12));
    auto wvalid = input(m, "wvalid", Bool());
    auto wdata = input(m, "wdata", UInt(32));
    auto wstrb = input(m, "wstrb", UInt(4));
    auto bready = input(m, "bready", Bool());
    auto write_address = reg(m, "write_address", UInt(10));
    auto write_data = reg(m, "write_data", UInt(32));
    auto write_all = reg(m, "write_all", Bool());  // partial writes are ignored
    output(m, "awready", ~aw_held);
    output(m, "wready", ~w_held);
    Bool write = (aw_held & w_held & (~bvalid | bready)).named("write");
    aw_held.when(write, false).when(awvalid, true);
    w_held.when(write, false).when(wvalid, true);
    write_address.when(~aw_held, awaddr >> 2);
    write_data.when(~w_held, wdata);
    write_all.when(~w_held, wstrb == 15);
    bvalid.when(write, true).when(bready, false);
    output(m, "bvalid", static_cast<Bool>(bvalid));
    auto writes = [&](unsigned address) { return write & write_all & (write_address == address / 4); };

    m.note("Descriptor address and start.");
    auto desc_lo = reg(m, "descriptor_low", UInt(32), 0), desc_hi = reg(m, "descriptor_high", UInt(32), 0);
    desc_lo.when(writes(address::desc_lo), static_cast<const UInt&>(write_data));
    desc_hi.when(writes(address::desc_hi), static_cast<const UInt&>(write_data));
    output(m, "start", writes(address::start) & write_data.bit(0));
    output(m, "descriptor", concat({desc_hi, desc_lo}));

    m.note("Read.");
    auto busy = input(m, "busy", Bool()), done = input(m, "done", Bool());
    auto error = input(m, "error", UInt(4));
    auto job_id = input(m, "job_id", UInt(32));
    std::vector<UInt> counters;
    for (const char* name : counter_names) counters.push_back(input(m, fmt::format("counter_{}", name), UInt(32)));
    auto arvalid = input(m, "arvalid", Bool());
    auto araddr = input(m, "araddr", UInt(12));
    auto rready = input(m, "rready", Bool());
    discard(awaddr.bits(0, 2)), discard(araddr.bits(0, 2));
    auto rvalid = reg(m, "rvalid", Bool(), 0);
    auto rdata = reg(m, "rdata", UInt(32));
    Bool take = ((~rvalid) | rready).named("arready");
    output(m, "arready", take);
    rvalid.when(take, arvalid);

    std::vector<std::pair<unsigned, UInt>> map = {
        {address::id, word(id_value)},
        {address::version, word(interface_version)},
        {address::cap_dims,
         word(static_cast<std::uint64_t>(s.a.embed_dim) | static_cast<std::uint64_t>(s.a.heads) << 16 |
              static_cast<std::uint64_t>(s.a.levels) << 24 | static_cast<std::uint64_t>(s.a.points) << 28)},
        {address::cap_shape,
         word(static_cast<std::uint64_t>(s.a.max_width) | static_cast<std::uint64_t>(s.a.max_height) << 16)},
        {address::cap_queries, word(static_cast<std::uint64_t>(s.a.max_queries))},
        {address::cap_memory,
         word(static_cast<std::uint64_t>(s.data_bits()) | static_cast<std::uint64_t>(s.address_bits()) << 16)},
        {address::desc_lo, desc_lo},
        {address::desc_hi, desc_hi},
        {address::status, concat({(error != 0), done, busy}).extend(32)},
        {address::error, error.extend(32)},
        {address::job_id, job_id}};
    for (std::size_t i = 0; i < counters.size(); ++i)
      map.emplace_back(address::counters + 4 * static_cast<unsigned>(i), counters[i]);
    UInt value = word(0);
    for (auto it = map.rbegin(); it != map.rend(); ++it)
      value = mux(araddr.bits(2, 10) == it->first / 4, it->second, value);
    rdata.when(take & arvalid, value);
    output(m, "rvalid", static_cast<Bool>(rvalid));
    output(m, "rdata", static_cast<UInt>(rdata));
  });
}

}  // namespace quillgen::accel
