// What the points of a sweep run.
#pragma once
#include <cstdint>
#include <list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "estimate/demand.hpp"
#include "network/network.hpp"

namespace quillgen::explore {

/// A workload, a layer of a published model, a dense product, or a whole network: one of `workload`, `model`, `dense`
/// and `network` is given.
struct Job {
  std::string workload;  ///< file, as it was named
  std::string network;   ///< likewise; what its jobs sample is drawn
  std::string sha256;    ///< of the content of either
  std::string model;
  estimate::ModelOptions drawn;  ///< of the model
  DenseShape dense;
  bool given_map = false;  ///< the value map is in memory, and not computed
  int latency = 0;         ///< cycles from a read to its first beat; 0: the configuration's
  std::string memory;      ///< a DRAM in its place (harness/dram_file.hpp); empty: none
  Pruning pruning;         ///< what is left out of the layer or network

  bool is_dense() const { return dense.rows > 0; }
  /// It can be simulated, not estimated only.
  bool has_tensors() const { return model.empty() && network.empty(); }
  std::string name() const;  ///< file, model, or "dense 64x256x96"
  /// The options of `quillgen simulate` and `quillgen explore` that name the job.
  std::vector<std::string> options() const;
};

nlohmann::ordered_json to_json(const Job& job);
/// The inverse. Throws nlohmann::json::exception for another document.
Job job_from_json(const nlohmann::ordered_json& json);

/// The job as the cycle model takes it: made once, and again only for configurations whose formats move its samples.
class Demands {
 public:
  /// Reads the workload or network, or draws the model's layer. Throws UserError.
  explicit Demands(const Job& job);

  /// What all demands leave out, as long as there is none yet.
  void leave_out(const Pruning& pruning) { pruning_ = pruning; }

  /// Dimensions of the layer, or of those of a network; none of a dense product.
  const Workload& layer() const { return layer_; }
  /// That of a configuration. Throws UserError when the job does not fit it. What was returned before stays valid.
  const estimate::Demand& of(const Config& config);

  /// Null unless it is one.
  const network::Network* network() const { return network_ ? &*network_ : nullptr; }

 private:
  const estimate::Demand& add(estimate::Demand demand);

  bool given_map_;
  std::string model_;
  estimate::ModelOptions drawn_;
  Pruning pruning_;
  Workload layer_;  ///< without tensors when it is a model's
  std::list<estimate::Demand> demands_;
  std::optional<network::Network> network_;
};

}  // namespace quillgen::explore
