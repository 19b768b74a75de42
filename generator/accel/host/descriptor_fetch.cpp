// When a descriptor is read: for a job that begins, and, while a job of a program is in work, for the next one.
#include "accel/blocks.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_descriptor_fetch(Design& d, const Shapes& s) {
  return d.module("descriptor_fetch", s, [](Design&, Module& m, const Shapes& s) {
    constexpr int beat_bits = 32;  // of what the job reader is asked for
    m.describe("Reads a descriptor when one is wanted, has it checked, and holds it until its job is in turn.");
    auto wanted = input(m, "wanted", Bool());
    auto address = input(m, "address", UInt(s.address_bits()));  // in the cycles after that
    auto in_turn = input(m, "in_turn", Bool());
    auto beat_valid = input(m, "beat_valid", Bool()), complete = input(m, "complete", Bool()),
         checked = input(m, "checked", Bool());

    constexpr int none = 0, fetch = 1, check = 2;
    auto state = reg(m, "state", UInt(2), none).values({"none", "fetch", "check"});
    Bool is_none = (state == none).named("is_none"), is_fetch = (state == fetch).named("is_fetch"),
         is_check = (state == check).named("is_check");
    auto asked = reg(m, "asked", Bool(), 0);
    Bool begins = (is_none & wanted).named("begins_now"), ready = (is_check & checked).named("is_ready");
    state.when(begins, fetch).when(is_fetch & complete, check).when(ready & in_turn, none);

    ReadRequest request(s, beat_bits);
    request.address = address;
    request.beats =
        UInt::constant(m, static_cast<std::uint64_t>(descriptor_words(s.config) * 32 / s.data_bits()), beat_bits);
    auto ask = stream(m, "ask", is_fetch & ~asked, request);
    asked.when(begins, false).when(ask.fire(), true);
    output_offer(m, "request", ask);  // a job that is stopped withdraws it, since the reader is reset

    output(m, "begins", begins);
    output(m, "asking", is_fetch);
    output(m, "to_descriptor", is_fetch & beat_valid);
    output(m, "check", is_check);
    output(m, "ready", ready);
    if (s.has_epilogue()) output(m, "ahead", ~is_none & ~in_turn);
  });
}

}  // namespace quillgen::accel
