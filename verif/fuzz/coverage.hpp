// Which values the numbers of the cases took, so that gaps in a run are seen.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "fuzz/case.hpp"

namespace quillgen::fuzz {

class Coverage {
 public:
  void add(const Case& c);
  /// A line a number: least, greatest, how many different ones, and how often each where they are few.
  std::string table() const;

 private:
  std::map<std::string, std::map<int, int>> counts_;  ///< [path][value]
};

}  // namespace quillgen::fuzz
