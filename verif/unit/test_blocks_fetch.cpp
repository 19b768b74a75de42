// When a descriptor is read, and what stays while the next one is.
#include <map>

#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

TEST_CASE("descriptor_fetch: a descriptor is asked for once, and held until its job is in turn") {
  for (const Config& config :
       {load_preset("nano"), load_preset("nano", std::vector<std::string>{"network.epilogue=true"})}) {
    const Block block(config, accel::build_descriptor_fetch);
    interp::Interpreter sim(block.module, 1);
    for (const auto* port : {"wanted", "in_turn", "beat_valid", "complete", "checked", "request_ready"})
      sim.set(port, 0);
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
    const bool programs = config.network.epilogue != 0;
    for (int descriptor = 1; descriptor < 7; ++descriptor) {
      const bool ahead = programs && descriptor % 2 == 0;
      CAPTURE(descriptor);
      CHECK(sim.get("request_valid") == 0);
      CHECK(sim.get("ready") == 0);
      sim.set("wanted", 1);
      CHECK(sim.get("begins") == 1);
      sim.step();
      sim.set("address", 0x40u * static_cast<unsigned>(descriptor)), sim.set("in_turn", !ahead);
      CHECK(sim.get("begins") == 0);
      if (programs) CHECK(sim.get("ahead") == ahead);
      for (int i = 0; i <= descriptor; ++i, sim.step()) {
        sim.set("request_ready", i == descriptor);
        CHECK(sim.get("asking") == 1);
        CHECK(sim.get("request_valid") == 1);
        CHECK(sim.get("request_address") == 0x40u * static_cast<unsigned>(descriptor));
        CHECK(sim.get("request_beats") ==
              static_cast<unsigned>(descriptor_words(config) * 32 / config.memory.data_bits));
      }
      for (int i = 0; i < 3; ++i, sim.step()) {
        sim.set("beat_valid", i > 0), sim.set("complete", i == 2);
        CHECK(sim.get("request_valid") == 0);
        CHECK(sim.get("to_descriptor") == (i > 0));
        CHECK(sim.get("check") == 0);
      }
      sim.set("beat_valid", 1), sim.set("complete", 0);  // beats of something else
      CHECK(sim.get("to_descriptor") == 0);
      sim.set("beat_valid", 0);
      for (int i = 0; i < 3; ++i, sim.step()) {
        CHECK(sim.get("check") == 1);
        CHECK(sim.get("asking") == 0);
        CHECK(sim.get("ready") == 0);
      }
      sim.set("checked", 1);
      if (ahead)
        for (int i = 0; i < 5; ++i, sim.step()) {
          CHECK(sim.get("ready") == 1);
          CHECK(sim.get("begins") == 0);
        }
      sim.set("in_turn", 1);
      CHECK(sim.get("ready") == 1);
      sim.set("wanted", 0);
      sim.step();
      sim.set("in_turn", 0), sim.set("checked", 0);
      CHECK(sim.get("check") == 0);
    }
  }
}

TEST_CASE("job_in_work: everything of a job stays until the next one is taken") {
  const Config config = load_preset("nano", std::vector<std::string>{"network.epilogue=true"});
  const Block block(config, accel::build_job_in_work);
  interp::Interpreter sim(block.module, 1);
  sim.set("take", 0), sim.set("in_turn", 0);
  sim.set_reset(true);
  sim.step();
  sim.set_reset(false);
  CHECK(sim.get("job_id") == 0);
  Random random(5);
  std::map<std::string, std::vector<std::uint64_t>> held;
  for (int i = 0; i < 40; ++i) {
    const bool take = i == 0 || random.chance(30);
    sim.set("take", take);
    int ports = 0;
    for (const auto& port : block.module.ports()) {
      if (!port.is_input || port.name == "take" || port.name == "in_turn") continue;
      REQUIRE(port.name.starts_with("next_"));
      const auto of = port.name == "next_id" ? "job_id" : port.name.substr(5);
      BitVector value;
      const int width = port.width;
      for (int bit = 0; bit < width; ++bit) value.add(random.in(0, 1), 1);
      sim.set_wide(sim.port(port.name), value.words());
      if (take) held[of] = value.words();
      ++ports;
    }
    CHECK(ports > 30);
    sim.step();
    for (const auto& [name, value] : held) {
      CAPTURE(name);
      CHECK(sim.get_wide(sim.port(name)) == value);
    }
    sim.set("in_turn", 1);
    CHECK(sim.get("job_id") == sim.get("next_id"));
    sim.set("in_turn", 0);
  }
}
