// A packed job as files, laid down in README.md.
#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pack/packed_job.hpp"

namespace quillgen::pack {

/// What the files say of where the job comes from.
struct Origin {
  std::string subject;  ///< file of the workload or network
  std::string kind;     ///< "layer" or "network"
  int scene = -1;       ///< of a network
  std::string generator_version;
};

/// job.json.
nlohmann::ordered_json job_json(const PackedJob& job, const Config& config, const Origin& origin);

/// All files, by name.
std::map<std::string, std::string> job_files(const PackedJob& job, const Config& config, const Origin& origin);

}  // namespace quillgen::pack
