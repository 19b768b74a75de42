#include "lib/pipeline.hpp"

#include <fmt/core.h>

#include <set>

namespace quillgen::lib {

using namespace hdl;

void Pipeline::check(const std::vector<Signal>& values, SourceLine at) const {
  std::set<Id> seen;
  std::vector<Id> todo;
  for (const Signal& s : values) todo.push_back(s.id());
  while (!todo.empty()) {
    Id id = todo.back();
    todo.pop_back();
    if (!seen.insert(id).second) continue;
    if (auto it = stage_of_.find(id); it != stage_of_.end()) {
      if (it->second != stage_)
        module_.fail(fmt::format("pipeline {}: stage {} at {} uses {} of stage {}; carry it through the stages between",
                                 name_, stage_ + 1, at.str(), module_.describe_node(id), it->second));
      continue;
    }
    const Node& n = module_.node(id);
    // What the first stage reads goes with the value that enters; what a later one reads is of another value.
    if (n.op == Op::reg && stage_ > 0 && !allowed_.contains(id))
      module_.fail(
          fmt::format("pipeline {}: stage {} at {} reads register {} of outside, which belongs to a later value; carry "
                      "it along from the "
                      "first stage, or say with allow() that it is meant",
                      name_, stage_ + 1, at.str(), module_.describe_node(id)));
    if (!is_source(n.op)) each_operand(n, [&](Id operand) { todo.push_back(operand); });
  }
}

}  // namespace quillgen::lib
