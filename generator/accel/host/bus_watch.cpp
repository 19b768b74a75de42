// Tells when the memory port is quiet and when it has stood still for too long.
#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_bus_watch(Design& d) {
  return d.module("bus_watch", [&](Module& m) {
    m.describe(
        "Quiet: nothing is offered on the memory port and every burst has been answered. Expired: for `timeout` cycles "
        "something was waiting and nothing moved; 0 waits for ever.");
    auto timeout = input(m, "timeout", UInt(32));
    auto reads = input(m, "reads_waiting", Bool()), writes = input(m, "writes_waiting", Bool());
    auto progress = input(m, "progress", Bool());
    Bool waiting = (reads | writes).named("waiting");
    auto still = reg(m, "still_cycles", UInt(32), 0);
    Bool expired = (waiting & (timeout != 0) & (still == timeout)).named("expired");
    still.when(progress | ~waiting | expired, 0).next(lib::increment(still));
    output(m, "expired", expired);
    output(m, "quiet", ~waiting);
  });
}

}  // namespace quillgen::accel
