#include "cli/explore_merge.hpp"

#include <fmt/core.h>

#include <memory>

#include "cli/explore_results.hpp"
#include "cli/fit.hpp"
#include "cli/help.hpp"
#include "cli/netlist_bits.hpp"
#include "cli/progress.hpp"
#include "config/error.hpp"
#include "config/json_text.hpp"
#include "config/read_file.hpp"
#include "explore/documents.hpp"
#include "explore/parallel.hpp"
#include "harness/interrupt.hpp"
#include "harness/sha256.hpp"

namespace quillgen::cli {
namespace {

struct MergeOptions {
  std::vector<std::string> files;
  std::string out;
  int jobs = explore::usable_cpus();
};

explore::ShardFile read_shard(const std::string& file) {
  const auto text = read_file(file);
  try {
    return {file, parse_json(text)};
  } catch (const UserError& e) {
    throw UserError(fmt::format("{}: {}", file, e.what()));
  }
}

/// The workload of a sweep, for its simulations.
Workload same_workload(const explore::Job& job) {
  if (harness::sha256(read_file(job.workload)) != job.sha256)
    throw UserError(fmt::format("{}: has changed since the shards were run; run them again", job.workload));
  return load_workload(job.workload);
}

int merge(const MergeOptions& options) {
  std::vector<explore::ShardFile> files;
  for (const auto& file : options.files) files.push_back(read_shard(file));
  auto merged = explore::merge(files);
  files.clear();
  Workload workload;
  if (merged.sweep.simulate && !merged.sweep.job.workload.empty()) workload = same_workload(merged.sweep.job);
  const ResultFolder folder(options.out);
  Progress progress;
  const explore::Runner runner{merged.sweep, merged.sweep.fit ? fitting(workload) : Adjustment(), options.jobs,
                               [&](std::string_view text) { progress.show(text); }, netlist_bits};
  return finish(runner, std::move(merged.points), folder);
}

/// A sweep is described by its shards alone.
void refuse_options_of(const Command& explore) {
  for (const auto& group : {explore, explore.option_group("configuration"), explore.option_group("job")})
    for (const auto& option : group.given())
      throw UserError(
          fmt::format("{}: the shards say what their sweep is; leave out what stands before `merge`", option));
}

}  // namespace

void add_merge(const Command& explore, int& exit_status) {
  const auto command = explore.add_subcommand("merge", "join the results of the shards of a sweep");
  const auto o = std::make_shared<MergeOptions>();
  command.add_option("files", o->files, "what `quillgen explore --shard` wrote, all shards of one sweep").required();
  command.add_option("--out", o->out, "folder for explore.json, explore.csv and explore.svg");
  command.add_option("--jobs", o->jobs, "simulations and compilers at a time")
      .whole_number(1, 4096)
      .default_str("all CPUs");
  add_examples(command, {"explore --preset nano --dense 13x15x7 --vary gemm.rows=1,2 --shard 1/2 --out shards",
                         "explore --preset nano --dense 13x15x7 --vary gemm.rows=1,2 --shard 2/2 --out shards",
                         "explore merge shards/shard_1_of_2.json shards/shard_2_of_2.json --out merged"});
  command.callback([o, explore, &exit_status] {
    refuse_options_of(explore);
    harness::catch_interrupts();
    exit_status = merge(*o);
  });
}

}  // namespace quillgen::cli
