// The bytes behind the AXI port: named regions at scattered addresses. What lies outside of them does not exist.
#pragma once
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace quillgen::harness {

/// Rows of a region that may be written; the bytes between them may not.
struct WritableRows {
  std::uint64_t row_bytes = 0;
  std::uint64_t stride = 0;
};

/// Bit i: bursts with ID i, below AxiMemory::max_ids.
using IdMask = std::uint64_t;
inline constexpr IdMask id_mask(int id, int count = 1) { return ((IdMask{1} << count) - 1) << id; }

struct Region {
  std::string name;
  std::uint64_t base = 0;
  std::vector<std::uint8_t> bytes;
  IdMask read_ids = 0;    ///< whose reads may come here
  IdMask write_ids = 0;   ///< .. and whose writes
  WritableRows rows;      ///< of a region with write_ids
  bool shared = false;    ///< by the jobs of a program: rows are read when no write to them is open
  bool in_place = false;  ///< rows are read before they are written, and not after
  std::vector<std::uint8_t>
      writes;                    ///< times each byte was written (saturating); sized by MemoryMap::add when writable
  std::uint64_t bytes_read = 0;  ///< in beats that were offered

  std::uint64_t end() const { return base + bytes.size(); }
  /// True if the byte at `offset` belongs to a row.
  bool in_row(std::uint64_t offset) const { return rows.stride && offset % rows.stride < rows.row_bytes; }
};

class MemoryMap {
 public:
  /// The region must not overlap another one. The reference holds until the next add.
  Region& add(Region region);
  /// The region that holds all of [address, address + bytes), or null.
  Region* find(std::uint64_t address, std::uint64_t bytes);
  Region& at(const std::string& name);
  bool has(const std::string& name) const;
  void clear() { regions_.clear(); }
  /// In the order in which they were added.
  const std::vector<Region>& regions() const { return regions_; }

 private:
  std::vector<Region> regions_;
};

/// Where regions lie. A number alone is a seed: anywhere, with room between rows and between regions, and noise in what
/// is not used.
struct Placement {
  std::uint64_t seed = 1;             ///< of noise, and of the places
  std::optional<std::uint64_t> base;  ///< if given: one region behind the other from there on, rows without gaps

  Placement(std::uint64_t seed_of_places) : seed(seed_of_places) {}
  static Placement compact(std::uint64_t base) {
    Placement p(1);
    p.base = base;
    return p;
  }
};

/// Chooses addresses for regions: aligned, anywhere in the address space (above 4 GiB when that has more than 32 bits),
/// in no order, with an unmapped gap of at least 4 KiB between any two. The choice follows from the seed. With a base
/// they follow each other from there on instead, whether the address space holds them or not.
class AddressAllocator {
 public:
  AddressAllocator(const Placement& placement, int address_bits)
      : random_(placement.seed * 2), next_(placement.base), address_bits_(address_bits) {}
  std::uint64_t allocate(std::uint64_t bytes, std::uint64_t alignment);

 private:
  struct Range {
    std::uint64_t begin, end;
  };
  std::mt19937_64 random_;
  std::optional<std::uint64_t> next_;
  int address_bits_;
  std::vector<Range> taken_;
};

}  // namespace quillgen::harness
