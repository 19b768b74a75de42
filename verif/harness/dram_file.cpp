#include "harness/dram_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/read_file.hpp"
#include "harness/embedded.hpp"

namespace quillgen::harness {
namespace {

using Json = nlohmann::ordered_json;

/// One object of the document; every key that is not asked for is a mistake.
class Section {
 public:
  Section(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json.is_object()) throw UserError(fmt::format("{}: must be an object of named numbers", path_));
  }

  const Json& member(const std::string& key) {
    known_.push_back(key);
    const auto found = json_.find(key);
    if (found == json_.end()) throw UserError(fmt::format("{} is missing; add it", where(key)));
    return *found;
  }
  double number(const std::string& key, double least, double most) {
    const auto& value = member(key);
    if (!value.is_number() || value.get<double>() < least || value.get<double>() > most)
      throw UserError(fmt::format("{} = {}: must be a number from {} to {}", where(key), shown(value), least, most));
    return value.get<double>();
  }
  int integer(const std::string& key, int least, int most) {
    const auto value = number(key, least, most);
    if (value != std::floor(value)) throw UserError(fmt::format("{} = {}: must be a whole number", where(key), value));
    return static_cast<int>(value);
  }
  int power_of_two(const std::string& key, int least, int most) {
    const auto value = integer(key, least, most);
    if (!std::has_single_bit(static_cast<unsigned>(value)))
      throw UserError(fmt::format("{} = {}: must be a power of two", where(key), value));
    return value;
  }
  /// Nanoseconds in the document.
  Picoseconds time(const std::string& key) { return std::llround(1000 * number(key, 0, 1e5)); }

  void refuse_others() const {
    for (const auto& [key, value] : json_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw UserError(
            fmt::format("{}: unknown field; must be one of {}", where(shown(Json(key))), fmt::join(known_, ", ")));
  }
  std::string where(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

 private:
  const Json& json_;
  std::string path_;
  std::vector<std::string> known_;
};

DramTiming timing_of(const Json& json) {
  DramTiming t;
  Section part(json, "");
  if (json.contains("description")) part.member("description");
  t.clock_mhz = part.number("clock_mhz", 1, 10000);
  t.data_rate_mts = part.number("data_rate_mts", 1, 100000);
  t.data_bits = part.power_of_two("data_bits", 8, 2048);
  t.burst_length = part.power_of_two("burst_length", 1, 64);
  t.banks = part.power_of_two("banks", 1, 1024);
  t.row_bytes = part.power_of_two("row_bytes", 1, 1 << 20);
  t.lookahead = part.integer("lookahead", 1, 1024);
  t.controller = part.time("controller_ns");
  Section times(part.member("timing_ns"), "timing_ns");
  t.activate_to_column = times.time("tRCD"), t.precharge = times.time("tRP");
  t.activate_to_precharge = times.time("tRAS");
  t.read_latency = times.time("CL"), t.write_latency = times.time("CWL");
  t.activate_to_activate = times.time("tRRD"), t.four_activates = times.time("tFAW");
  t.read_to_precharge = times.time("tRTP"), t.write_recovery = times.time("tWR");
  t.write_to_read = times.time("tWTR"), t.read_to_write = times.time("tRTW");
  t.refresh_interval = times.time("tREFI"), t.refresh = times.time("tRFC");
  times.refuse_others();
  part.refuse_others();
  if (static_cast<std::uint64_t>(t.row_bytes) < t.access_bytes())
    throw UserError(fmt::format("row_bytes = {}: must be at least the {} bytes of a burst (burst_length x data_bits)",
                                t.row_bytes, t.access_bytes()));
  if (t.refresh_interval > 0 && t.refresh_interval < 2 * t.refresh)
    throw UserError(fmt::format("timing_ns.tREFI = {}: must be at least twice tRFC = {}, or 0 for no refresh",
                                static_cast<double>(t.refresh_interval) / 1000, static_cast<double>(t.refresh) / 1000));
  return t;
}

}  // namespace

std::vector<std::string> dram_names() {
  std::vector<std::string> names;
  for (const auto& memory : embedded_memories()) names.emplace_back(memory.name);
  return names;
}

DramTiming parse_dram(const std::string& name, std::string_view text) {
  try {
    auto timing = timing_of(parse_json(text));
    timing.name = name;
    return timing;
  } catch (const UserError& e) {
    throw UserError(fmt::format("{}: {}", name, e.what()));
  }
}

DramTiming load_dram(const std::string& name) {
  for (const auto& memory : embedded_memories())
    if (memory.name == name) return parse_dram(name, memory.json);
  std::error_code error;
  if (!std::filesystem::exists(name, error))
    throw UserError(fmt::format("--memory {}: is no file and none of {}", shown(name), fmt::join(dram_names(), ", ")));
  return parse_dram(name, read_file(name));
}

}  // namespace quillgen::harness
