// The read channels of the AXI master, shared by the clients.
#include <fmt/core.h>

#include <span>

#include "accel/blocks.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Chosen {
  UInt id;
  BurstRequest burst;
  QUILLGEN_FIELDS(id, burst)
};

// A chain of choices among more clients than these would be the longest path of the port.
constexpr int longest_chain = 16;

struct Asking {  // some clients: whether one asks, and the lowest of those that do
  Bool any;
  UInt id;
};

// Of clients with falling numbers, by halves.
Asking first_of(std::span<const Asking> clients) {
  if (clients.size() == 1) return clients[0];
  const auto half = clients.size() / 2;
  const Asking high = first_of(clients.first(half)), low = first_of(clients.subspan(half));
  return {high.any | low.any, mux(low.any, low.id, high.id)};
}

}  // namespace

const Module& build_read_port(Design& d, const Shapes& s) {
  return d.module("read_port", s, [](Design&, Module& m, const Shapes& s) {
    m.describe(
        "AXI read channels: round robin between the clients, one ID each. Data are taken at once, since each client "
        "reserved their place. While halt is 1 no new burst is asked for.");
    const int clients = s.clients(), id_bits = s.axi_id_bits();
    const bool as_tree = clients > longest_chain;
    m.parameter("clients", clients);
    auto halt = input(m, "halt", Bool());
    std::vector<Stream<BurstRequest>> request;
    for (int i = 0; i < clients; ++i) request.push_back(input_stream(m, fmt::format("client_{}", i), BurstRequest(s)));

    const bool yields = s.has_regions() && s.has_demand();  // what is brought ahead waits for demand
    m.note(yields ? "Round robin: the first client after the last one served that asks. What is brought ahead "
                    "waits for what samples wait for."
                  : "Round robin: the first client after the last one served that asks.");
    auto served = reg(m, "served", UInt(id_bits), 0);
    UInt first = served, next = served;  // of all that ask, and of those after the one served
    Bool any = Bool::constant(m, false), any_next = Bool::constant(m, false);
    // Clients of what is brought ahead, of regions.
    const int first_ahead = static_cast<int>(Client::feature) + s.lanes(),
              after_ahead = first_ahead + (yields ? s.lanes() : 0);
    std::vector<Bool> asking;
    Bool demanded = Bool::constant(m, false);
    for (int i = 0; i < clients; ++i) {
      const Bool valid = request[static_cast<std::size_t>(i)].valid;
      if (yields && i >= static_cast<int>(Client::feature) && i < first_ahead) demanded = demanded | valid;
      asking.push_back(i >= first_ahead && i < after_ahead ? valid & ~demanded : valid);
    }
    std::vector<Asking> of_all, of_next;
    for (int i = clients - 1; i >= 0; --i) {
      const Bool asks = asking[static_cast<std::size_t>(i)];
      const UInt id = UInt::constant(m, static_cast<std::uint64_t>(i), id_bits);
      of_all.push_back({asks, id});
      if (!as_tree) any = any | asks, first = mux(asks, id, first);
      if (i == 0) continue;  // comes after nobody
      const Bool asks_next = (asks & (served < i)).named(fmt::format("asks_next_{}", i));
      of_next.push_back({asks_next, id});
      if (!as_tree) any_next = any_next | asks_next, next = mux(asks_next, id, next);
    }
    if (as_tree) {
      const Asking all = first_of(of_all), after = first_of(of_next);
      any = all.any, first = all.id, any_next = after.any, next = after.id;
    }
    any = any.named("any_asks");
    first = first.named("first_client"), next = next.named("next_client");
    UInt choice = mux(any_next, next, first).named("choice");

    m.note("The choice is held until the bus has taken it.");
    auto valid = reg(m, "arvalid", Bool(), 0);
    auto held = reg(m, "held", Chosen{UInt(id_bits), BurstRequest(s)});
    auto arready = input(m, "arready", Bool());
    Bool load = ((~valid) | arready).named("load");
    Bool admit = (load & ~halt).named("admit");
    std::vector<UInt> addresses, lengths;
    for (std::size_t i = 0; i < request.size(); ++i) {
      addresses.push_back(request[i].data.address), lengths.push_back(request[i].data.length);
      request[i].ready.drive(admit & (choice == i));
    }
    BurstRequest burst(s);
    burst.address = select(choice, addresses), burst.length = select(choice, lengths);
    valid.when(load, any & ~halt);
    held.when(load, Chosen{choice, burst});
    served.when(admit & any, choice);
    output(m, "arvalid", valid);
    output(m, "arid", held.id);
    output(m, "araddr", held.burst.address);
    output(m, "arlen", held.burst.length);

    m.note(
        "Read data go to the client of their ID, if it has a burst open: bursts asked for and not yet answered to the "
        "last beat. What nobody asked for is dropped. Bit 1 of the response marks an error.");
    auto rvalid = input(m, "rvalid", Bool());
    auto rid = input(m, "rid", UInt(id_bits));
    auto rresp = input(m, "rresp", UInt(2));
    auto rlast = input(m, "rlast", Bool());
    Bool asked = (valid & arready).named("asked");
    const auto list = read_clients(s.config);
    Bool any_open = Bool::constant(m, false), expected = Bool::constant(m, false);
    for (int i = 0; i < clients; ++i) {
      const auto of_client = [&](const char* name) { return fmt::format("{}_{}", name, i); };
      const int most = list[static_cast<std::size_t>(i)].most_open;
      auto open = reg(m, of_client("open"), UInt(Shapes::holds(most)), 0);
      Bool is_open = (open != 0).named(of_client("is_open"));
      Bool beat = (rvalid & (rid == i) & is_open).named(of_client("beat"));
      Bool more = (asked & (held.id == i)).named(of_client("asked")),
           less = (beat & rlast).named(of_client("answered"));
      open.when(more & ~less, lib::increment(open)).when(less & ~more, lib::decrement(open));
      m.add_assertion(fmt::format("no more bursts of client {} are open than there is room for", i),
                      (~more | (open != most)).id());
      output(m, fmt::format("data_valid_{}", i), beat);
      any_open = any_open | is_open, expected = expected | beat;
    }
    expected = expected.named("expected");
    output(m, "error", expected & rresp.bit(1));
    output(m, "waiting", valid | any_open);
    output(m, "progress", asked | expected);
  });
}

}  // namespace quillgen::accel
