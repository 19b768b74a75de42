#include "estimate/rate.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace quillgen::estimate {

Rate rate_of(std::int64_t cycles, std::int64_t bytes, const Pace& pace) {
  Rate rate;
  rate.milliseconds = static_cast<double>(cycles) * pace.layers / (1e3 * pace.clock_mhz);
  rate.frames_per_second = 1e3 / rate.milliseconds;
  rate.gigabytes_per_second = static_cast<double>(bytes) * pace.layers / (1e6 * rate.milliseconds);
  return rate;
}

std::string text_of(const Rate& rate, const Pace& pace) {
  return fmt::format("at {:g} MHz{}: {:.3f} ms, {:.1f} frames/s, {:.3f} GB/s", pace.clock_mhz,
                     pace.layers > 1 ? fmt::format(", {} layers", pace.layers) : "", rate.milliseconds,
                     rate.frames_per_second, rate.gigabytes_per_second);
}

nlohmann::ordered_json to_json(const Rate& rate, const Pace& pace) {
  return {{"clock_mhz", pace.clock_mhz},
          {"layers", pace.layers},
          {"milliseconds", rate.milliseconds},
          {"frames_per_second", rate.frames_per_second},
          {"gigabytes_per_second", rate.gigabytes_per_second}};
}

}  // namespace quillgen::estimate
