#include "config/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace quillgen {
namespace {

/// Levenshtein distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> nearest(const std::string& whole, std::vector<std::string> names, std::size_t count) {
  const auto name = whole.substr(0, 100);  // a name of megabytes, too, is answered at once
  const auto cost = [&](const std::string& other) {
    return other.find(name) != std::string::npos ? 0 : distance(name, other);
  };
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return cost(a) < cost(b); });
  names.resize(std::min(count, names.size()));
  return names;
}

}  // namespace quillgen
