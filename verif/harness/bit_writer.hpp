// Fields packed into bytes.
#pragma once
#include <cstdint>
#include <vector>

namespace quillgen::harness {

using Bytes = std::vector<std::uint8_t>;

/// Packs fields into a bit vector, first field in the lowest bits.
class BitWriter {
 public:
  /// Appends the low `bits` bits of `value`, 0..64.
  void add(std::uint64_t value, int bits) {
    for (int i = 0; i < bits; ++i, ++bits_) {
      if (bits_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<std::uint8_t>((value >> i & 1) << (bits_ % 8));
    }
  }
  /// Zeros up to the next multiple of `bytes` bytes.
  void pad_to(int bytes) {
    while (bytes_.size() % bytes != 0) bytes_.push_back(0);
    bits_ = bytes_.size() * 8;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  std::uint64_t bits_ = 0;
};

}  // namespace quillgen::harness
