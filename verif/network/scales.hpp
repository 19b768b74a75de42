// The scales of a network's tensors: found on a calibration set, kept in a file.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "config/config.hpp"
#include "network/network.hpp"

namespace quillgen::network {

/// Real value of one unit, by name.
struct Scales {
  std::string file;         ///< they were read from; empty while they are being found
  std::string fingerprint;  ///< of the network they were found for
  std::map<std::string, double> unit;

  /// Throws UserError when there is none.
  double of(const std::string& tensor) const;
};

/// Scales of a name are one for all tensors of the encoder's stream, one for the decoder's; any other tensor has its
/// own.
std::string scale_name(const std::string& tensor);

/// Bits of the numbers that have the scale `name`; 0 for a tensor that has no scale of its own.
int scale_bits(const std::string& name, const Config& config);

/// What one is worth of a product of a query and a key of the self-attention `self` ("decoder.0.self"), in units of a
/// score (N16). It has to be a power of two, since scores are shifted sums.
double score_unit(const Scales& scales, const std::string& self, const Network& network);

/// JSON, with the formats that the scales are for. read_scales throws UserError for a file that is not of scales, or of
/// another network or other formats.
std::string scales_text(const Scales& scales, const Config& config);
Scales read_scales(const std::string& file, const Network& network, const Config& config);

/// Finds a scale for every tensor: its range is its largest magnitude, or the one of least squared error of rounding
/// and clipping where that makes the error of class scores and boxes over the scenes smaller by a quarter or more;
/// tensor after tensor, all with `pruning`. `progress` is told what is being done, in words.
Scales calibrate(const Network& network, const Pruning& pruning, const SceneFile& scenes, const Config& config,
                 const std::function<void(const std::string&)>& progress);

}  // namespace quillgen::network
