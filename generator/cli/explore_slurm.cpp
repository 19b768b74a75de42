#include "cli/explore_slurm.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "cli/shell_word.hpp"
#include "config/error.hpp"

namespace quillgen::cli {
namespace {

// {0} shards, {1} points, {2} CPUs, {3} folder, {4} folder of results, {5} program, {6} options of the sweep
constexpr const char* job_script = R"script(#!/bin/bash
# A sweep of quillgen on a Slurm cluster: {1} points in {0} shards, then the merge of their results.
#   bash SCRIPT [OPTION...]      submits the array, and the merge that waits for it; options go to sbatch (--partition=.., --time=..)
#   sbatch SCRIPT                submits the array alone; sbatch --array=3 SCRIPT one shard of it again
#   bash SCRIPT merge            merges what the shards left, here and now
#SBATCH --job-name=quillgen-explore
#SBATCH --array=1-{0}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={2}
#SBATCH --chdir={3}
#SBATCH --output={4}/slurm_%A_%a.log
set -euo pipefail
script=$(realpath "$0")
cd {3}
quillgen={5}
jobs=${{SLURM_CPUS_PER_TASK:-{2}}}
if [ "${{1:-}}" = merge ]; then
  exec "$quillgen" explore merge {4}/shard_*_of_{0}.json --out {4} --jobs "$jobs"
elif [ -n "${{SLURM_ARRAY_TASK_ID:-}}" ]; then
  exec "$quillgen" explore {6} --shard "$SLURM_ARRAY_TASK_ID/{0}" --out {4} --jobs "$jobs"
fi
mkdir -p {4}
array=$(sbatch --parsable "$@" "$script")
merge=$(sbatch --parsable "$@" --dependency="afterok:${{array%%;*}}" --kill-on-invalid-dep=yes --job-name=quillgen-merge --ntasks=1 \
  --cpus-per-task={2} --chdir={3} --output={4}/slurm_%j.log --wrap "bash $(printf %q "$script") merge")
echo "array ${{array%%;*}}, merge ${{merge%%;*}}; results and logs in $(realpath {4})"
)script";

}  // namespace

std::string slurm_script(const SlurmJob& job) {
  for (const auto& path : {job.folder.string(), job.out})
    if (!is_plain(path))
      throw UserError(fmt::format(
          "--slurm: {}: Slurm takes only letters, digits and _-./=,:+ literally in the names of folders; use another",
          shell_word(path)));
  std::string options;
  for (const auto& word : job.sweep) options += (options.empty() ? "" : " ") + shell_word(word);
  return fmt::format(job_script, job.shards, job.points, job.cpus, job.folder.string(), job.out,
                     shell_word(job.program.string()), options);
}

}  // namespace quillgen::cli
