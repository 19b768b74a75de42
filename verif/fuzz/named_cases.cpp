// Corners by name (case_table.cpp): the generated design on the interpreter, and some in Verilator, equal to the model
// in every stage, under stalls too; and each case is what its name says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>

#include "command_line/command.hpp"
#include "config/error.hpp"
#include "fuzz/case_table.hpp"
#include "fuzz/run_case.hpp"
#include "fuzz/shrink.hpp"
#include "harness/interrupt.hpp"

using namespace quillgen;

namespace {

struct Options {
  std::string group, name;
  std::vector<int> stalls = {0, 40};
  std::uint64_t seed = 1, verilator = 0;
  int attempts = 200;
  bool list = false, facts = false;
  std::vector<std::string> changes;
};

const std::vector<std::string> stages = {"value",         "logit", "attention", "offset", "location",
                                         "corner_weight", "head",  "output",    "memory"};

std::string full_name(const fuzz::NamedCase& named) { return named.group + ": " + named.name; }

/// What every case claims: all stages were compared that have anything of its points, and more stalls took more cycles.
std::string common_claims(const fuzz::NamedCase& named, const Options& o) {
  const bool pointless = named.claims.find("points.dropped=points.all") != std::string::npos;
  std::string claims;
  for (const auto& stage : stages)
    claims +=
        fmt::format(" compared.{}{}", stage,
                    pointless && (stage == "offset" || stage == "location" || stage == "corner_weight") ? "=0" : ">0");
  for (std::size_t i = 1; i < o.stalls.size(); ++i)
    if (o.stalls[i] > o.stalls[i - 1])
      claims += fmt::format(" cycles.stall_{}>cycles.stall_{}", o.stalls[i], o.stalls[i - 1]);
  return claims;
}

/// Runs the case; a claim that does not hold is a failure of the kind "claim".
fuzz::Outcome run(const fuzz::NamedCase& named, const fuzz::Case& c, const fuzz::Steps& steps, const Options& o) {
  auto outcome = fuzz::run_case(c, steps);
  if (outcome.failed()) return outcome;
  outcome.text = fuzz::broken_claim(outcome.facts, named.claims + common_claims(named, o));
  if (!outcome.text.empty()) outcome.kind = "claim";
  return outcome;
}

/// What is wrong with a case, perhaps changed since, and the command that runs it again.
void report(const fuzz::NamedCase& named, const fuzz::Case& now, const fuzz::Case& original,
            const fuzz::Outcome& outcome, const fuzz::Steps& steps, const Options& o, const std::string& program) {
  std::string changes;
  for (const auto& change : o.changes) changes += " --set " + change;
  fmt::print("{}: FAILED: {}: {}\nreplay: {} --case '{}' --seed {} --stall {}{}{}{}\n", full_name(named), outcome.kind,
             outcome.text, program, full_name(named), o.seed, fmt::join(o.stalls, ","),
             steps.verilator ? " --verilator 1" : "", changes, fuzz::changes_since(original, now));
  std::fflush(stdout);
}

/// Of a case that passed: cycles under each stall, elements compared in each stage.
std::string summary(const fuzz::Outcome& outcome, const Options& o) {
  std::string text;
  for (const int stall : o.stalls)
    text += fmt::format("{}{} cycles at stall {} %", text.empty() ? "" : ", ",
                        outcome.facts.at(fmt::format("cycles.stall_{}", stall)), stall);
  text += "; equal:";
  for (const auto& stage : stages) text += fmt::format(" {} {}", stage, outcome.facts.at("compared." + stage));
  return text;
}

/// Returns whether the case passed. One of the failures with the same signature is shrunk.
bool run_one(const fuzz::NamedCase& named, const fuzz::Steps& steps, const Options& o, const std::string& program,
             std::set<std::string>& signatures) {
  auto c = fuzz::make_case(named);
  c.workload.content = o.seed;
  for (const auto& change : o.changes) fuzz::set_parameter(c, change);
  fuzz::validate(c);
  const auto outcome = run(named, c, steps, o);
  if (!outcome.failed()) {
    fmt::print("{}: {}{}, {:.1f} s\n", full_name(named), summary(outcome, o), steps.verilator ? ", Verilator too" : "",
               outcome.seconds);
    if (o.facts)
      for (const auto& [fact, number] : outcome.facts) fmt::print("    {} = {}\n", fact, number);
    std::fflush(stdout);
    return true;
  }
  report(named, c, c, outcome, steps, o, program);
  if (outcome.kind == "claim" || o.attempts == 0 || !o.changes.empty()) return false;
  if (!signatures.insert(outcome.signature()).second) return false;
  const auto s =
      fuzz::shrink(c, outcome, o.attempts, [&](const fuzz::Case& smaller) { return fuzz::run_case(smaller, steps); });
  fmt::print("the smallest that fails, after {} attempts:\n{}\n", s.attempts, fuzz::to_text(s.smallest));
  report(named, s.smallest, c, s.outcome, steps, o, program);
  return false;
}

int run_all(const Options& o, const std::string& program) {
  const auto start = std::chrono::steady_clock::now();
  std::set<std::string> signatures;
  std::uint64_t chosen = 0, failed = 0, verilated = 0;
  for (const auto& named : fuzz::named_cases()) {
    if (!o.group.empty() && named.group != o.group) continue;
    if (!o.name.empty() && full_name(named) != o.name) continue;
    ++chosen;
    if (o.list) {
      fmt::print("{}\n    {}\n    {}\n", full_name(named), named.changes, named.claims);
      continue;
    }
    const bool in_verilator = o.verilator != 0 && (chosen - 1) % o.verilator == 0;
    verilated += in_verilator;
    failed += !run_one(named, {in_verilator, in_verilator, o.stalls}, o, program, signatures);
  }
  if (chosen == 0) throw UserError("no such case; --list shows all");
  if (o.list) return 0;
  fmt::print("{} cases, {} of them in Verilator too, {} failed, {:.0f} s\n", chosen, verilated, failed,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  command_line::Program app("Corners by name: the generated design equals the model.");
  app.add_option("--group", o.group, "only the cases of this group");
  app.add_option("--case", o.name, "only this case, \"group: name\"");
  app.add_option("--stall", o.stalls,
                 "chances in percent that a channel withholds valid or ready; each case runs with each")
      .delimiter(',');
  app.add_option("--seed", o.seed, "of all numbers of the layers and of the stalls");
  app.add_option("--set", o.changes, "path=value: change a number of the cases; repeatable").repeatable();
  app.add_option("--verilator", o.verilator, "the first and every N-th case after it: lint and Verilator as well");
  app.add_option("--attempts", o.attempts, "cases tried at most to shrink one that fails");
  app.add_flag("--list", o.list, "print the cases with their changes and claims");
  app.add_flag("--facts", o.facts, "print what was counted in each case");
  if (const auto status = app.parse(argc, argv)) return *status;
  harness::catch_interrupts();
  try {
    return run_all(o, argv[0]);
  } catch (const harness::Interrupted&) {
    fmt::print(stderr, "interrupted\n");
    return 130;
  } catch (const std::exception& e) {
    fmt::print(stderr, "named_cases: {}\n", e.what());
    return 2;
  }
}
