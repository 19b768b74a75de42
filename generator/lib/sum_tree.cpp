#include "lib/sum_tree.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>

namespace quillgen::lib {

using namespace hdl;

namespace {

// One level of adders; a term without a partner passes.
std::vector<SInt> add_pairs(const std::vector<SInt>& terms, SourceLine at) {
  std::vector<SInt> sums;
  for (std::size_t i = 0; i + 1 < terms.size(); i += 2) sums.push_back(SArg(terms[i], at) + SArg(terms[i + 1], at));
  if (terms.size() % 2 != 0) sums.push_back(terms.back());
  return sums;
}

}  // namespace

SInt registered_sum_tree(Module& m, const std::string& name, std::vector<SInt> terms, int levels, const Bool& enable,
                         SourceLine at) {
  assert(!terms.empty() && levels >= 1);
  const int stages = sum_tree_stages(static_cast<int>(terms.size()), levels);
  int levels_left = sum_tree_stages(static_cast<int>(terms.size()), 1);
  for (int stage = 1; stage <= stages; ++stage) {
    // The levels are shared out evenly: four at three a stage are two and two.
    const int stages_left = stages - stage + 1, here = (levels_left + stages_left - 1) / stages_left;
    levels_left -= here;
    for (int level = 0; level < here; ++level) terms = add_pairs(terms, at);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      auto held = reg(m, stage == stages ? name : fmt::format("{}_{}_{}", name, stage, i), SInt(terms[i].width()),
                      std::nullopt, at);
      held.when({enable, at}, {terms[i], at});
      terms[i] = held;
    }
  }
  return terms.front();
}

}  // namespace quillgen::lib
