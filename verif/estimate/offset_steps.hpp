// Steps of the PE array for offsets that nobody needs: what hardware could leave out that has the logits first, and
// then projects offsets of living points only. It is not built; generator/accel/README.md (Prunings) tells what it
// would save.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"
#include "estimate/demand.hpp"

namespace quillgen::estimate {

struct OffsetSteps {
  std::int64_t all = 0;       ///< of the job
  std::int64_t unneeded = 0;  ///< of them, those of tiles in which no sample of any query of the group lives
};

/// Groups are gemm.rows queries as they follow each other in their order, tiles gemm.columns / 2 samples as they follow
/// each other in the parameter image.
OffsetSteps offset_steps(const Config& config, const Demand& demand);
nlohmann::ordered_json to_json(const OffsetSteps& steps);

}  // namespace quillgen::estimate
