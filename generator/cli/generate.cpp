// quillgen generate: the Verilog of a configuration.
#include <fmt/core.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/config_options.hpp"
#include "cli/design.hpp"
#include "cli/help.hpp"
#include "cli/output_folder.hpp"
#include "harness/interrupt.hpp"

namespace quillgen::cli {

void add_generate(const Command& app, int&) {
  struct Options {
    ConfigOptions config;
    DesignOptions design;
    std::string out;
    bool force = false;
  };
  const auto command =
      app.add_subcommand("generate", "write the Verilog of a configuration: one module a file, files.f, manifest.json");
  const auto o = std::make_shared<Options>();
  add_config_options(command, o->config);
  command.add_option("--out", o->out, "folder to write").required();
  command.add_option("--prefix", o->design.prefix,
                     "put before every name of a module, so that two designs can share a chip");
  command.add_option("--module", o->design.module, "write this block and what it instantiates only");
  command.add_flag("--force", o->force,
                   "write into a folder that holds other files, and over files edited since quillgen wrote them");
  add_examples(command, {"generate --preset nano --out rtl",
                         "generate --preset small --set gemm.rows=8 --prefix left_ --out left"});
  command.callback([o] {
    harness::catch_interrupts();
    const Config config = chosen_config(o->config);
    write_folder(o->out, design(config, o->design), o->force);
    fmt::print("{}: Verilog of {}{} in {}\n", config.name, o->design.prefix, o->design.module, o->out);
  });
}

}  // namespace quillgen::cli
