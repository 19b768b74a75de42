// Of a program: the job in work, while the descriptor of the next one is read into the place of its own.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/host/job.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_job_in_work(Design& d, const Shapes& s) {
  return d.module("job_in_work", s, [](Design&, Module& m, const Shapes& s) {
    m.describe("Holds a job, its number and its levels from the cycle in which its descriptor is taken to the next.");
    auto take = input(m, "take", Bool());
    auto id = reg(m, "id", UInt(32), 0);  // may be read before there was a job
    auto next_id = input(m, "next_id", UInt(32));
    id.when(take, next_id);
    // What stops a job while its descriptor is read is said of that job, as soon as its number has come.
    output(m, "job_id", mux(input(m, "in_turn", Bool()), next_id, id));
    const auto hold = [&](const std::string& name, const auto& shape) {
      auto held = reg(m, fmt::format("held_{}", name), shape);
      held.when(take, input(m, fmt::format("next_{}", name), shape));
      output(m, name, static_cast<Plain<decltype(held)>>(held));
    };
    hold("job", JobFields(s));
    hold("levels", LevelShapes(s));
    for (int l = 0; l < s.a.levels; ++l) hold(fmt::format("start_{}", l), UInt(s.address_bits()));
  });
}

}  // namespace quillgen::accel
