// Watches the taps of a running design and hands each firing to the comparison.
#pragma once
#include <string>
#include <vector>

#include "harness/compare.hpp"
#include "harness/simulator.hpp"

namespace quillgen::harness {

struct Manifest;

class TapMonitor {
 public:
  /// Finds the nets of all taps. RtlError when a stage has not as many taps as it should, a field is missing, or a net
  /// has another width than the manifest says. Taps of a stage that is not compared are left out.
  TapMonitor(const Simulator& simulator, const Manifest& manifest, const Config& config);

  /// To be called when the design has settled before a rising edge. Returns the number of firings.
  int sample(Comparison& comparison);

 private:
  struct Field {
    Signal signal;
    bool is_signed;
  };
  struct Watched {
    std::string stage;
    int lane;
    Signal valid, ready;
    std::vector<Field> fields;  ///< in the order of stage_fields
  };
  std::vector<Watched> taps_;
  std::vector<std::int64_t> values_;
};

}  // namespace quillgen::harness
