// Checks a JSON value against a JSON Schema, as far as the keywords go that quillgen's schema uses.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace quillgen::test {

/// What is wrong with `value`, one thing; "" when the schema takes it. Throws std::logic_error for a keyword of the
/// schema that is not known here, so that none is skipped in silence.
std::string violation(const nlohmann::ordered_json& schema, const nlohmann::ordered_json& value);

}  // namespace quillgen::test
