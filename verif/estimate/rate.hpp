// Cycles and bytes of a job as time: what a clock makes of them.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace quillgen::estimate {

/// A frame is a job so many times over, such as the layers of a decoder, or a network once.
struct Pace {
  double clock_mhz = -1;  ///< below 0: none is given, and nothing is told
  int layers = 1;

  bool given() const { return clock_mhz >= 0; }
};

struct Rate {
  double milliseconds = 0;          ///< of a frame
  double frames_per_second = 0;     ///< one frame after the other
  double gigabytes_per_second = 0;  ///< over the memory port, both directions, 10^9 bytes
};

/// `cycles` and `bytes` of one layer, or of a network. The pace must be given.
Rate rate_of(std::int64_t cycles, std::int64_t bytes, const Pace& pace);

/// "at 400 MHz, 6 layers: 3.21 ms, 311.5 frames/s, 1.23 GB/s".
std::string text_of(const Rate& rate, const Pace& pace);

/// {"clock_mhz", "layers", "milliseconds", "frames_per_second", "gigabytes_per_second"}.
nlohmann::ordered_json to_json(const Rate& rate, const Pace& pace);

}  // namespace quillgen::estimate
