#include "fuzz/sessions.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <filesystem>

#include "accel/blocks.hpp"
#include "accel/generate.hpp"
#include "config/load.hpp"
#include "harness/build.hpp"
#include "harness/interrupt.hpp"
#include "passes/verify.hpp"
#include "unit/interpreter_device.hpp"

namespace quillgen::fuzz {

void SessionOptions::add_to(command_line::Program& app, const std::string& sessions) {
  app.add_option("--preset", preset, "built-in configuration");
  app.add_option("--set", overrides, "path=value: change a number of the configuration; repeatable").repeatable();
  app.add_option("--first", first, "seed of the first session");
  app.add_option("--count", count, sessions);
  app.add_flag("--interpreted", interpreted, "on the interpreter instead of in Verilator");
}

Simulated::Simulated(const SessionOptions& o)
    : config(load_preset(o.preset, o.overrides)), folder(std::filesystem::temp_directory_path()) {
  if (o.interpreted) {
    const auto& top = accel::build_top(design, accel::Shapes(config), top_name);
    passes::verify_or_throw(top);
    library.emplace(test::interpreter_library(top, config));
    manifest = test::interpreter_manifest(top, config);
    return;
  }
  const auto rtl = folder.path() / "rtl";
  generate(config, rtl);
  manifest = harness::load_manifest(rtl);
  library.emplace(harness::build_simulator(rtl, manifest).library);
}

int run_main(const char* name, const std::function<int()>& run) {
  harness::catch_interrupts();
  try {
    return run();
  } catch (const harness::Interrupted&) {
    fmt::print(stderr, "interrupted\n");
    return 130;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}: {}\n", name, e.what());
    return 2;
  }
}

}  // namespace quillgen::fuzz
