// A sweep as a job array of the cluster manager Slurm.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace quillgen::cli {

struct SlurmJob {
  std::filesystem::path program;   ///< this program
  std::filesystem::path folder;    ///< where it was called: relative paths start there
  std::vector<std::string> sweep;  ///< options of `explore` that describe the sweep
  std::string out;                 ///< the folder of results, seen from `folder`
  std::int64_t points = 0;
  int shards = 1;
  int cpus = 1;  ///< of a shard, and of the merge
};

/// A script for bash and sbatch: an array of the shards, and the merge that waits for them. Throws UserError when the
/// folders have names that Slurm would not take literally.
std::string slurm_script(const SlurmJob& job);

}  // namespace quillgen::cli
