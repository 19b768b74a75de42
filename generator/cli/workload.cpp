// quillgen workload: a synthetic layer of a published model as a file.
#include "synthetic/workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/model_options.hpp"
#include "cli/progress.hpp"
#include "harness/files.hpp"

namespace quillgen::cli {
namespace {

struct WorkloadOptions {
  std::string model, out;
  synthetic::ModelOptions drawn;
};

void write_workload(const WorkloadOptions& o) {
  Progress progress;
  const auto file = synthetic::workload_file(o.model, o.drawn, [&](std::string_view text) { progress.show(text); });
  progress.show("writing");
  harness::write_atomically(o.out, file.bytes);
  progress.show("");
  const auto& w = file.shape;
  fmt::print("{}: {}, {} heads, {} levels, {} points, {} tokens, {} queries{}, {:.1f} MB\n", o.out, o.model, w.heads,
             w.levels, w.points, w.tokens, w.queries,
             w.index_list.empty() ? "" : fmt::format(", {} of them wanted", w.index_list.size()),
             static_cast<double>(file.bytes.size()) / 1e6);
}

}  // namespace

void add_workload(const Command& app, int&) {
  const auto command = app.add_subcommand("workload", "write a layer of a published model's size, its numbers drawn");
  const auto o = std::make_shared<WorkloadOptions>();
  const auto model =
      command.add_option("--model", o->model, fmt::format("one of {}", fmt::join(synthetic::model_names(), ", ")))
          .required();
  add_model_options(command, o->drawn, model);
  command.add_option("--out", o->out, "file to write (safetensors)").required();
  add_examples(command, {"workload --model deformable-detr --scale 0.2 --out layer.safetensors"});
  command.callback([o] { write_workload(*o); });
}

}  // namespace quillgen::cli
