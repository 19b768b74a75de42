#include "cli/config_options.hpp"

namespace quillgen::cli {

void add_config_options(const Command& command, ConfigOptions& options) {
  const auto source = command.add_option_group("configuration");
  source.add_option("--config", options.file, "configuration file (JSON)");
  source.add_option("--preset", options.preset, "built-in configuration, see `quillgen presets`");
  source.require_option(1);
  command.add_option("--set", options.overrides, "change one field, e.g. gemm.rows=8; may be repeated")
      .repeatable()
      .type_name("PATH=VALUE");
}

Config chosen_config(const ConfigOptions& options, const Adjustment& adjust) {
  return options.preset.empty() ? load_config(options.file, options.overrides, adjust)
                                : load_preset(options.preset, options.overrides, adjust);
}

}  // namespace quillgen::cli
