// The layers that the jobs of a program belong to.
#pragma once
#include <string>

namespace quillgen::cli {

/// Of a job, by its name: encoder.0, decoder.1, proposal.
inline std::string layer_of(const std::string& job) {
  const auto first = job.find('.');
  const auto second = job.find('.', first + 1);
  const bool numbered =
      first != std::string::npos && first + 1 < job.size() && job[first + 1] >= '0' && job[first + 1] <= '9';
  return numbered ? job.substr(0, second) : job.substr(0, first);
}

}  // namespace quillgen::cli
