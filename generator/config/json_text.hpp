// JSON text to a document, strictly: what a lenient parser would drop in silence is an error here.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace quillgen {

/// Parses `text`, keeping the order of keys. Throws UserError (one line, without a file name) for bad syntax, a key
/// given twice in one object, or nesting deeper than 32.
nlohmann::ordered_json parse_json(std::string_view text);

/// A JSON value, or a string of the user as one, for a message: one line, ASCII, at most 80 characters.
std::string shown(const nlohmann::ordered_json& value);

}  // namespace quillgen
