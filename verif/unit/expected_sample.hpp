// What the tests of the two caches expect of a sample.
#pragma once
#include <cstdint>

namespace quillgen::test {

struct ExpectedCorner {
  std::int64_t weight = 0;
  std::uint64_t address = 0;  ///< of its first channel
};
struct ExpectedSample {
  ExpectedCorner by_parity[4];
  bool last_of_head = false, last_of_query = false;
};

}  // namespace quillgen::test
