// quillgen schema: what a configuration may say, for editors and for programs that write one.
#include "config/schema.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/help.hpp"

namespace quillgen::cli {

void add_schema(const Command& app, int&) {
  const auto command = app.add_subcommand("schema", "print the JSON Schema of a configuration");
  add_examples(command, {"schema > config.schema.json"});
  command.callback([] { fmt::print("{}\n", config_schema().dump(2)); });
}

}  // namespace quillgen::cli
