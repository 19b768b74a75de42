#include "config/fingerprint.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <nlohmann/json.hpp>

#include "config/load.hpp"

namespace quillgen {

std::string fingerprint(const Config& config) {
  auto json = to_json(config);
  json.erase("name");
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : json.dump()) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace quillgen
