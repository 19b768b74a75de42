// The quillgen program. Exit status: 0 success, 1 set by a command that found a mismatch, 2 the user's mistake, 3 ours,
// 130 interrupted.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/standard_output.hpp"
#include "config/error.hpp"
#include "harness/interrupt.hpp"

namespace quillgen::cli {
namespace {

/// Unlike fmt::print it does not throw when standard error is full too.
void complain(const std::string& text) { std::fputs(("quillgen: " + text + "\n").c_str(), stderr); }

/// A folder that cannot be read, a disk that is gone: nothing of ours.
std::string text_of(const std::filesystem::filesystem_error& e) {
  if (e.path1().empty())
    return fmt::format("the current folder cannot be used ({}): change to one that exists", e.code().message());
  return fmt::format("{}: cannot be used ({}): check that it exists and that you may use it", e.path1().string(),
                     e.code().message());
}

/// The exit status; `output_error` is set to errno when printing failed.
int run(int argc, char** argv, int& output_error) {
  int exit_status = 0;
  CLI::App app("Generates deformable-attention accelerators and proves them against a fixed-point model.", "quillgen");
  app.require_subcommand(1);
  add_help(app);
  const Command program(&app);
  add_generate(program, exit_status);
  add_lint(program, exit_status);
  add_simulate(program, exit_status);
  add_pack(program, exit_status);
  add_calibrate(program, exit_status);
  add_model(program, exit_status);
  add_workload(program, exit_status);
  add_estimate(program, exit_status);
  add_trace(program, exit_status);
  add_explore(program, exit_status);
  add_presets(program, exit_status);
  add_schema(program, exit_status);
  app.footer("quillgen COMMAND --help tells the options of a command, with an example.");
  try {
    const auto is_chosen = [&](const CLI::App* command) { return command->check_name(argv[1]); };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_chosen).empty())
      throw UserError(fmt::format("{}: unknown command; see --help", argv[1]));
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help
    complain(fmt::format("{}; see --help", e.what()));
    return 2;
  } catch (const harness::Interrupted&) {
    complain("interrupted");
    return 130;
  } catch (const UserError& e) {
    complain(e.what());
    return 2;
  } catch (const std::filesystem::filesystem_error& e) {
    complain(text_of(e));
    return 2;
  } catch (const std::system_error& e) {
    if (std::ferror(stdout)) output_error = e.code().value();
    if (std::ferror(stdout) || std::ferror(stderr)) return 2;
    complain(fmt::format("internal error: {}", e.what()));
    return 3;
  } catch (const std::exception& e) {
    complain(fmt::format("internal error: {}", e.what()));
    return 3;
  }
  return exit_status;
}

}  // namespace
}  // namespace quillgen::cli

int main(int argc, char** argv) {
  using namespace quillgen::cli;
  guard_standard_output();
  int output_error = 0;
  const int exit_status = run(argc, argv, output_error);
  return finish_standard_output(exit_status, output_error);
}
