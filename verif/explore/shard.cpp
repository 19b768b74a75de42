#include "explore/shard.hpp"

#include <fmt/core.h>

#include <charconv>

#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen::explore {
namespace {

constexpr int most_shards = 10000;

bool read(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::int64_t> Shard::points(std::int64_t points) const {
  std::vector<std::int64_t> own;
  for (std::int64_t p = number; p <= points; p += of) own.push_back(p);
  return own;
}

std::string Shard::text() const { return fmt::format("{}/{}", number, of); }

Shard parse_shard(const std::string& text) {
  const auto slash = text.find('/');
  Shard shard;
  if (slash == std::string::npos || !read(std::string_view(text).substr(0, slash), shard.number) ||
      !read(std::string_view(text).substr(slash + 1), shard.of))
    throw UserError(
        fmt::format("--shard {}: must be number/count; write, for example, --shard 1/8 and so on to 8/8", shown(text)));
  if (shard.of < 1 || shard.of > most_shards || shard.number < 1 || shard.number > shard.of)
    throw UserError(fmt::format(
        "--shard {}: must have a count from 1 to {} and a number from 1 to the count; change it", text, most_shards));
  return shard;
}

}  // namespace quillgen::explore
