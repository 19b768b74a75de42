#include "cli/simulate_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "cli/shell_word.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"

namespace quillgen::cli {
namespace {

constexpr int most_outputs = (1 << 16) - 1;  ///< 16 bits of the descriptor

std::string text_of(const DenseShape& s) { return fmt::format("{}x{}x{}", s.rows, s.inner, s.outputs); }

}  // namespace

void check_options(const SimulateOptions& o) {
  const bool dense = !o.dense.empty(), network = !o.network.network.empty();
  if (network && (dense || !o.workload.empty() || o.given_map || o.relu))
    throw UserError("--network: is run from tokens to boxes: leave out --workload, --dense, --given-map and --relu");
  if (network) return;
  if (!o.svg.empty()) throw UserError("--svg: draws what a detector found: give it with --network, or leave --svg out");
  if (!dense && o.workload.empty())
    throw UserError(
        "nothing to simulate: give a layer with --workload FILE, a network with --network FILE, or dense products with "
        "--dense MxKxN");
  if (dense && !o.workload.empty())
    throw UserError("--dense: its jobs are on random data, without a workload: give either --dense or --workload");
  if (dense && o.config.fit)
    throw UserError("--fit: takes dimensions from a workload, and --dense has none: leave one of the two out");
  if (dense && o.given_map)
    throw UserError(
        "--given-map: is about the value map of a workload, and --dense has none: leave one of the two out");
  if (!dense && o.relu) throw UserError("--relu: is an activation of dense jobs: give --dense, or leave it out");
}

DenseShape parse_shape(const std::string& text) {
  DenseShape shape;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int* const side : {&shape.rows, &shape.inner, &shape.outputs}) {
    const auto [rest, error] = std::from_chars(at, end, *side);
    const bool last = side == &shape.outputs;
    if (error != std::errc() || *side < 1 || (last ? rest != end : rest == end || *rest != 'x'))
      throw UserError(
          fmt::format("--dense {}: must be rows, length of a row and outputs as MxKxN, three whole numbers from 1; "
                      "write 64x256x96, for example",
                      shown(text)));
    at = rest + !last;
  }
  return shape;
}

void check_fits(const DenseShape& shape, const Config& config) {
  const auto check = [&](const char* what, int value, const char* path, int most) {
    if (value > most)
      throw UserError(fmt::format("--dense {}: {} {} exceed {} = {}; raise it with --set {}={} or take fewer",
                                  text_of(shape), value, what, path, most, path, value));
  };
  check("rows", shape.rows, "attention.max_queries", config.attention.max_queries);
  check("elements of a row", shape.inner, "gemm.max_inner", config.gemm.max_inner);
  if (shape.outputs > most_outputs)
    throw UserError(fmt::format("--dense {}: {} outputs exceed {}, the most of a job; take fewer, or several jobs",
                                text_of(shape), shape.outputs, most_outputs));
}

std::string replay_command(const SimulateOptions& o, const harness::Conditions& c) {
  std::string text = "quillgen simulate";
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format(" {} {}", name, shell_word(value));
  };
  option("--config", o.config.file);
  option("--preset", o.config.preset);
  for (const auto& change : o.config.overrides) option("--set", change);
  if (o.config.fit) text += " --fit";
  option("--workload", o.workload);
  if (o.given_map) text += " --given-map";
  option("--network", o.network.network);
  option("--scales", o.network.scales);
  option("--input", o.network.input);
  option("--scenes", o.network.scenes);
  for (const auto& word : o.pruning.words()) text += " " + shell_word(word);
  option("--dense", fmt::format("{}", fmt::join(o.dense, ",")));
  if (o.relu) text += " --relu";
  option("--rtl", o.rtl);
  option("--memory", o.memory);
  text += fmt::format(" --seed {} --stall {}", c.seed, c.stall_percent);
  return o.memory.empty() ? text + fmt::format(" --latency {}", c.latency) : text;
}

}  // namespace quillgen::cli
