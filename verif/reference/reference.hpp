// The layer in double precision: what quantisation is measured against and calibrated with.
#pragma once
#include <span>
#include <vector>

#include "reference/pruning.hpp"
#include "reference/workload.hpp"

namespace quillgen {

/// Every stage, row-major; the formulas are those of the operator authors' PyTorch module.
struct ReferenceStages {
  std::vector<double> value;        ///< [S, C]
  std::vector<double> offsets;      ///< [Lq, M*L*K, 2], pixels (x, y)
  std::vector<double> logits;       ///< [Lq, M*L*K], natural logarithm
  std::vector<double> attention;    ///< [Lq, M*L*K], of dropped points too
  std::vector<double> locations;    ///< [Lq, M*L*K, 2], pixels: 0 is the centre of the first pixel
  std::vector<double> core_output;  ///< [Lq, C], the heads side by side
  std::vector<double> output;       ///< [Lq, C]
  std::vector<std::int64_t> reads;  ///< [S], corners of wanted queries; empty unless pixels are dropped
};

ReferenceStages run_reference(const Workload& workload, const Pruning& pruning = {});

/// Points of wanted queries by level, and those that are dropped.
std::vector<model::Dropped> dropped_points(const Workload& workload, const ReferenceStages& stages,
                                           const Pruning& pruning);

/// 10 log10(sum ref^2 / sum (ref - y * scale)^2) in dB; infinite when equal. Equal sizes.
double sqnr_db(std::span<const double> reference, std::span<const std::int32_t> y, double scale);

}  // namespace quillgen
