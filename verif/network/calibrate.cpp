#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "config/error.hpp"
#include "network/evaluate.hpp"
#include "network/quantise_network.hpp"
#include "network/scales.hpp"
#include "reference/quantise.hpp"

namespace quillgen::network {
namespace {

/// Candidate ranges, as shares of the largest magnitude.
constexpr std::array<double, 12> shares = {1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2};

/// How much smaller clipping has to make the error of the results to be chosen. Differences of a fifth are chance: so
/// much comes and goes when an unrelated format gets more bits.
constexpr double worthwhile = 0.75;

/// What is gathered for one scale, in two passes over the scenes.
struct Range {
  double largest = 0;
  std::array<double, shares.size()> error = {};  ///< sums of squared errors

  static double unit(double range, int bits) { return range / (std::exp2(bits - 1) - 1); }

  void add_errors(std::span<const double> values, int bits) {
    const double limit = std::exp2(bits - 1);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const double scale = unit(largest * shares[i], bits), inverse = 1 / scale;
      for (const double x : values) {
        const double q = std::clamp(std::floor(x * inverse + 0.5), -limit, limit - 1);
        error[i] += (x - q * scale) * (x - q * scale);
      }
    }
  }
  double by_maximum(int bits) const { return largest < 1e-100 ? 1 : unit(largest, bits); }
  double by_least_squares(int bits) const {
    if (largest < 1e-100) return 1;
    const auto i = static_cast<std::size_t>(std::ranges::min_element(error) - error.begin());
    return unit(largest * shares[i], bits);
  }
};

/// N16: scores are shifted sums, and heads a shifted product with the value. Scales that make this so, none smaller
/// than they were found.
void make_powers_of_two(Scales& scales, const std::string& self, const Network& network) {
  const double unit = score_unit(scales, self, network);
  if (unit > 0.5)
    throw UserError(
        fmt::format("{}: queries and keys of so few bits make scores too coarse for {}: set numerics.query_bits higher",
                    network.file, self));
  const double wider = std::sqrt(std::exp2(-std::min(std::floor(-std::log2(unit)), 40.0)) / unit);
  scales.unit.at(self + ".q") *= wider, scales.unit.at(self + ".k") *= wider;
  const double value = scales.of(self + ".v"), heads = scales.of(self + ".heads");
  scales.unit.at(self + ".heads") = value * std::exp2(-std::clamp(std::floor(std::log2(value / heads)), 0.0, 7.0));
}

/// What clipping costs at the end of the network, where outliers may count for more than their number.
class OutputError {
 public:
  OutputError(const Network& network, const Pruning& pruning, const SceneFile& scenes, const Config& config)
      : net_(network), pruning_(pruning), config_(config) {
    for (int i = 0; i < std::min(6, scenes.scenes()); ++i) {
      sources_.push_back(scenes.scene(i).source);
      exact_.push_back(run_float(network, pruning, sources_.back()));
    }
  }

  /// Squared error of class scores and boxes, each over its signal, up to six scenes; queries and dropped pixels are
  /// those of floating point.
  double of(Scales scales) const {
    for (std::size_t i = 0; i < net_.decoder.size(); ++i)
      make_powers_of_two(scales, fmt::format("decoder.{}.self", i), net_);
    const auto integers = quantise(net_, scales, config_, pruning_);
    const double unit = scales.of(fmt::format("decoder.{}.classes", net_.decoder.size() - 1));
    Noise logits, boxes;
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const auto decided = exact_[s].decisions();
      const auto found = model::run(
          integers, quantised(sources_[s], scales.of("encoder.input"), config_.network.stream_bits), {}, &decided);
      for (std::size_t i = 0; i < found.logits.size(); ++i) logits.add(exact_[s].logits[i], found.logits[i] * unit);
      for (std::size_t i = 0; i < found.boxes.size(); ++i)
        boxes.add(exact_[s].boxes[i], std::ldexp(found.boxes[i], -16));
    }
    return logits.noise / logits.signal + boxes.noise / boxes.signal;
  }

 private:
  const Network& net_;
  const Pruning& pruning_;
  const Config& config_;
  std::vector<Values> sources_;
  std::vector<FloatDetections> exact_;
};

}  // namespace

Scales calibrate(const Network& network, const Pruning& pruning, const SceneFile& scenes, const Config& config,
                 const std::function<void(const std::string&)>& progress) {
  std::map<std::string, Range> ranges;
  const auto pass = [&](const char* what, const auto& use) {
    const auto observe = [&](const std::string& tensor, std::span<const double> values) {
      const auto name = scale_name(tensor);
      use(ranges[name], values, scale_bits(name, config));
    };
    observe("encoder.position", network.position);
    for (int i = 0; i < scenes.scenes(); ++i) {
      progress(fmt::format("{}: scene {} of {}", what, i + 1, scenes.scenes()));
      run_float(network, pruning, scenes.scene(i).source, observe);
    }
  };
  pass("largest magnitudes", [](Range& r, std::span<const double> values, int) {
    for (const double x : values) r.largest = std::max(r.largest, std::abs(x));
  });
  pass("squared errors", [](Range& r, std::span<const double> values, int bits) {
    if (r.largest >= 1e-100) r.add_errors(values, bits);
  });

  Scales scales{"", network.fingerprint, {}};
  for (const auto& [name, range] : ranges) scales.unit[name] = range.by_maximum(scale_bits(name, config));
  const OutputError error(network, pruning, scenes, config);
  double least = error.of(scales);
  for (std::size_t done = 0; const auto& [name, range] : ranges) {
    progress(fmt::format("range by maximum or by squared error: tensor {} of {}", ++done, ranges.size()));
    Scales other = scales;
    other.unit[name] = range.by_least_squares(scale_bits(name, config));
    if (other.unit[name] == scales.unit[name]) continue;
    try {
      if (const double e = error.of(other); e < worthwhile * least) least = e, scales = other;
    } catch (const UserError&) {
      // so small a range does not fit N2: the largest magnitude stays
    }
  }
  for (std::size_t i = 0; i < network.decoder.size(); ++i)
    make_powers_of_two(scales, fmt::format("decoder.{}.self", i), network);
  return scales;
}

}  // namespace quillgen::network
