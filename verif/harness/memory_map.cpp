#include "harness/memory_map.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace quillgen::harness {

Region& MemoryMap::add(Region region) {
  for (const auto& other : regions_)
    if (region.base < other.end() && other.base < region.end())
      throw std::logic_error(fmt::format("memory regions {} and {} overlap", region.name, other.name));
  if (region.write_ids) region.writes.assign(region.bytes.size(), 0);
  regions_.push_back(std::move(region));
  return regions_.back();
}

Region* MemoryMap::find(std::uint64_t address, std::uint64_t bytes) {
  for (auto& region : regions_)
    if (address >= region.base && address - region.base <= region.bytes.size() &&
        bytes <= region.bytes.size() - (address - region.base))
      return &region;
  return nullptr;
}

Region& MemoryMap::at(const std::string& name) {
  for (auto& region : regions_)
    if (region.name == name) return region;
  throw std::logic_error(fmt::format("no memory region {}", name));
}

bool MemoryMap::has(const std::string& name) const {
  return std::ranges::any_of(regions_, [&](const Region& region) { return region.name == name; });
}

std::uint64_t AddressAllocator::allocate(std::uint64_t bytes, std::uint64_t alignment) {
  if (next_) {
    const auto begin = (*next_ + alignment - 1) / alignment * alignment;
    next_ = begin + bytes;
    return begin;
  }
  constexpr std::uint64_t gap = 4096;
  // Of a space of more than 32 bits the part above 4 GiB is used, so that both halves of an address count.
  const std::uint64_t low = address_bits_ > 32 ? std::uint64_t{1} << 32 : gap;
  const std::uint64_t high = address_bits_ >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << address_bits_) - 1;
  for (int attempt = 0; attempt < 10000; ++attempt) {
    const std::uint64_t begin = (low + random_() % (high - low)) / alignment * alignment;
    if (begin < low || high - begin < bytes + gap) continue;
    const Range range{begin, begin + bytes};
    const bool free = std::none_of(taken_.begin(), taken_.end(), [&](const Range& other) {
      return range.begin < other.end + gap && other.begin < range.end + gap;
    });
    if (!free) continue;
    taken_.push_back(range);
    return begin;
  }
  throw std::runtime_error(fmt::format("{} bytes do not fit into {} address bits", bytes, address_bits_));
}

}  // namespace quillgen::harness
