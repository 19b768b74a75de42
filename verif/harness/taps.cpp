#include "harness/taps.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/manifest.hpp"
#include "harness/rtl_error.hpp"

namespace quillgen::harness {
namespace {

std::int64_t value_of(const Signal& signal, bool is_signed) {
  const int spare = 64 - signal.bits();
  const auto value = signal.get();
  return is_signed ? static_cast<std::int64_t>(value << spare) >> spare : static_cast<std::int64_t>(value);
}

}  // namespace

TapMonitor::TapMonitor(const Simulator& simulator, const Manifest& manifest, const Config& config) {
  for (const auto& [stage, names, wanted] : stage_fields(config)) {
    int found = 0;
    for (const auto& tap : manifest.taps) {
      if (tap.stage != stage) continue;
      Watched watched{tap.stage, found++, {}, {}, {}};
      if (!tap.valid.empty()) watched.valid = simulator.net(tap.instance, tap.valid);
      if (!tap.ready.empty()) watched.ready = simulator.net(tap.instance, tap.ready);
      for (const auto& name : names) {
        const auto field = std::find_if(tap.fields.begin(), tap.fields.end(), [&](auto& f) { return f.name == name; });
        if (field == tap.fields.end())
          throw RtlError(
              fmt::format("manifest: the tap of stage {} has no field {}: generate the RTL again", stage, name));
        const auto signal = simulator.net(tap.instance, field->net);
        if (signal.bits() != field->width || signal.bits() > 64)
          throw RtlError(
              fmt::format("manifest: net {} of the tap of stage {} has {} bits, not {}: generate the RTL again",
                          field->net, stage, signal.bits(), field->width));
        watched.fields.push_back({signal, field->is_signed});
      }
      taps_.push_back(std::move(watched));
    }
    if (found != wanted)
      throw RtlError(
          fmt::format("manifest: stage {} has {} taps, not {}: generate the RTL again", stage, found, wanted));
  }
}

int TapMonitor::sample(Comparison& comparison) {
  int firings = 0;
  for (const auto& tap : taps_) {
    if ((tap.valid && !tap.valid.get()) || (tap.ready && !tap.ready.get())) continue;
    values_.clear();
    for (const auto& field : tap.fields) values_.push_back(value_of(field.signal, field.is_signed));
    comparison.fire(tap.stage, values_, tap.lane);
    ++firings;
  }
  return firings;
}

}  // namespace quillgen::harness
