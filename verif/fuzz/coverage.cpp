#include "fuzz/coverage.hpp"

#include <fmt/core.h>

namespace quillgen::fuzz {
namespace {

constexpr std::size_t few = 17;  ///< different values that are counted one by one

std::vector<std::string> paths() {
  std::vector<std::string> all;
  for (const auto& p : parameters())
    if (!p.path.starts_with("workload.width_") && !p.path.starts_with("workload.height_")) all.push_back(p.path);
  for (const char* more : {"head_dim", "level width", "level height"}) all.emplace_back(more);
  return all;
}

}  // namespace

void Coverage::add(const Case& c) {
  for (const auto& p : parameters()) ++counts_[p.path][p.get(c)];
  ++counts_["head_dim"][c.config.attention.head_dim()];
  for (std::size_t l = 0; l < static_cast<std::size_t>(c.config.attention.levels); ++l) {
    ++counts_["level width"][c.workload.width[l]];
    ++counts_["level height"][c.workload.height[l]];
  }
}

std::string Coverage::table() const {
  auto text = fmt::format("{:<32} {:>6} {:>6} {:>9}  {}\n", "number", "min", "max", "distinct", "value:count");
  for (const auto& path : paths()) {
    const auto found = counts_.find(path);
    if (found == counts_.end()) continue;
    const auto& values = found->second;
    text +=
        fmt::format("{:<32} {:>6} {:>6} {:>9} ", path, values.begin()->first, values.rbegin()->first, values.size());
    if (values.size() <= few)
      for (const auto& [value, count] : values) text += fmt::format(" {}:{}", value, count);
    text += "\n";
  }
  return text;
}

}  // namespace quillgen::fuzz
