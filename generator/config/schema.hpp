// The configuration as a JSON Schema, for editors and for programs that write configurations.
#pragma once
#include <nlohmann/json_fwd.hpp>

namespace quillgen {

/// JSON Schema (draft 2020-12) of a configuration, made from the table of fields. It says what each number may be
/// alone; what several numbers must satisfy together is known to validate() only, and it lets 4.0 pass for 4, as JSON
/// Schema does.
nlohmann::ordered_json config_schema();

}  // namespace quillgen
