// The quillgen program. Exit status: 0 success, 1 set by a command that found a mismatch, 2 the user's mistake, 3 ours,
// 130 interrupted.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/error.hpp"
#include "harness/interrupt.hpp"

int main(int argc, char** argv) {
  using namespace quillgen;
  int exit_status = 0;
  CLI::App app("Generates deformable-attention accelerators and proves them against a fixed-point model.", "quillgen");
  app.require_subcommand(1);
  cli::add_help(app);
  cli::add_generate(app, exit_status);
  cli::add_lint(app, exit_status);
  cli::add_simulate(app, exit_status);
  cli::add_model(app, exit_status);
  cli::add_workload(app, exit_status);
  cli::add_estimate(app, exit_status);
  cli::add_trace(app, exit_status);
  cli::add_explore(app, exit_status);
  cli::add_presets(app, exit_status);
  cli::add_schema(app, exit_status);
  app.footer("quillgen COMMAND --help tells the options of a command, with an example.");
  try {
    const auto is_chosen = [&](const CLI::App* command) { return command->check_name(argv[1]); };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_chosen).empty())
      throw UserError(fmt::format("{}: unknown command; see --help", argv[1]));
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help
    fmt::print(stderr, "quillgen: {}; see --help\n", e.what());
    return 2;
  } catch (const harness::Interrupted&) {
    fmt::print(stderr, "quillgen: interrupted\n");
    return 130;
  } catch (const UserError& e) {
    fmt::print(stderr, "quillgen: {}\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    fmt::print(stderr, "quillgen: internal error: {}\n", e.what());
    return 3;
  }
  return exit_status;
}
