#include "config/json_text.hpp"

#include <fmt/core.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/error.hpp"

namespace quillgen {
namespace {

/// The library frees, copies and prints values by recursion: what is nested deeper than any document must not get
/// there.
constexpr std::size_t max_depth = 32;

/// The library's message without its "[json.exception...]" tag.
std::string without_tag(std::string message) {
  const auto end = message.find("] ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

/// Reads a text without making a document of it, and watches for what the parser would accept quietly: it keeps the
/// last of two equal keys. (Its own way of watching, a callback, takes time squared in the length of an object.)
class StrictReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit StrictReader(std::size_t most_keys) : most_keys_(most_keys) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    auto& keys = keys_.back();
    if (!keys.insert(name).second)
      throw UserError(fmt::format("key {} is given twice in one object; keep one", shown(name)));
    if (keys.size() > most_keys_)
      throw UserError(fmt::format("more than {} keys in one object; this is no such document", most_keys_));
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& e) override {
    throw UserError(fmt::format("not valid JSON: {}", without_tag(e.what())));
  }

 private:
  bool enter() {
    if (keys_.size() == max_depth) throw UserError(fmt::format("nested deeper than {} levels", max_depth));
    keys_.emplace_back();
    return true;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::size_t most_keys_;
  std::vector<std::unordered_set<std::string>> keys_;  ///< those seen so far of what is still open; none of an array
};

template <typename Json>
Json parse(std::string_view text, std::size_t most_keys) {
  // The library takes such a byte for the end, and what follows for nothing.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    throw UserError(fmt::format("not valid JSON: byte {} is NUL; this is no text, or more than it was written", nul));
  StrictReader reader(most_keys);
  Json::sax_parse(text, &reader);
  return Json::parse(text);
}

}  // namespace

nlohmann::ordered_json parse_json(std::string_view text) { return parse<nlohmann::ordered_json>(text, 10'000); }

nlohmann::json parse_sorted_json(std::string_view text) {
  return parse<nlohmann::json>(text, std::numeric_limits<std::size_t>::max());
}

nlohmann::ordered_json json_or_text(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const UserError&) {
    return text;
  }
}

std::string shown(const nlohmann::ordered_json& value) {
  const auto text = value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

std::string shown(const std::string& value) { return shown(nlohmann::ordered_json(value)); }

}  // namespace quillgen
