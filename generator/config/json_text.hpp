// JSON text to a document, strictly: what a lenient parser would drop in silence is an error here.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace quillgen {

/// Parses `text`, keeping the order of keys. Throws UserError (one line, without a file name) for bad syntax, a NUL
/// byte, a key given twice in one object, nesting deeper than 32, or an object of more than 10,000 keys (which are
/// searched one by one).
nlohmann::ordered_json parse_json(std::string_view text);

/// The same with the keys sorted, as many as there are.
nlohmann::json parse_sorted_json(std::string_view text);

/// What `text` says as such JSON, or else the text itself as a string.
nlohmann::ordered_json json_or_text(const std::string& text);

/// A JSON value, or a string of the user as one, for a message: one line, ASCII, at most 80 characters.
std::string shown(const nlohmann::ordered_json& value);
std::string shown(const std::string& value);

}  // namespace quillgen
