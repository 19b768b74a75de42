#include "config/json_text.hpp"

#include <fmt/format.h>

#include <set>
#include <string>
#include <vector>

#include "config/error.hpp"

namespace quillgen {
namespace {

constexpr int max_depth = 32;

/// Watches the parser for what it would accept quietly: the library keeps the last of two equal keys.
class StrictCallback {
 public:
  bool operator()(int depth, nlohmann::ordered_json::parse_event_t event, nlohmann::ordered_json& parsed) {
    using Event = nlohmann::ordered_json::parse_event_t;
    if (depth > max_depth) throw UserError(fmt::format("nested deeper than {} levels", max_depth));
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second)
      throw UserError(fmt::format("key {} is given twice in one object; keep one", parsed.dump()));
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;  ///< keys seen so far of each object that is still open
};

/// The library's message without its "[json.exception...]" tag.
std::string without_tag(std::string message) {
  const auto end = message.find("] ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

}  // namespace

nlohmann::ordered_json parse_json(std::string_view text) {
  StrictCallback strict;
  try {
    return nlohmann::ordered_json::parse(text, std::ref(strict));
  } catch (const nlohmann::json::exception& e) {
    throw UserError(fmt::format("not valid JSON: {}", without_tag(e.what())));
  }
}

std::string shown(const nlohmann::ordered_json& value) {
  const auto text = value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

}  // namespace quillgen
