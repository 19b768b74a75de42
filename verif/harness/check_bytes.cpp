#include "harness/check_bytes.hpp"

#include <fmt/core.h>

#include "config/derived.hpp"
#include "harness/layout.hpp"

namespace quillgen::harness {

ProjectionBytes projection_bytes(const Work& work, const Config& c) {
  const auto* attention = std::get_if<AttentionWork>(&work);
  if (attention == nullptr || attention->map_given) return {};
  const int bits = attention->layer.stream.source ? result_width(c) : c.numerics.feature_bits;
  return {static_cast<std::uint64_t>(attention->live_tokens() * beat_bytes(c.memory) *
                                     row_beats(c.attention.embed_dim, bits, c.memory)),
          static_cast<std::uint64_t>(value_map_bytes(attention->layer, c))};
}

std::vector<std::string> check_bytes(const Counters& c, const BusBytes& bus, const ProjectionBytes* projection) {
  std::vector<std::string> faults;
  const auto expect = [&](const char* name, std::uint64_t expected, std::uint64_t got) {
    if (static_cast<std::uint32_t>(expected) != static_cast<std::uint32_t>(got))
      faults.push_back(fmt::format("counter {}: expected {}, got {}", name, expected, got));
  };
  // A row that comes after a job was stopped is counted with either.
  expect("BYTES_JOB", bus.job, c.bytes_job);
  expect("BYTES_QUERY + BYTES_SOURCE", bus.rows, std::uint64_t{c.bytes_query} + c.bytes_source);
  expect("BYTES_REFERENCE", bus.reference, c.bytes_reference);
  expect("BYTES_LIST", bus.list, c.bytes_list);
  expect("BYTES_FEATURE", bus.feature, c.bytes_feature);
  expect("BYTES_OUTPUT + BYTES_VALUE", bus.written, std::uint64_t{c.bytes_output} + c.bytes_value);
  if (projection == nullptr) return faults;
  expect("BYTES_SOURCE", projection->source, c.bytes_source);
  expect("BYTES_VALUE", projection->value, c.bytes_value);
  return faults;
}

}  // namespace quillgen::harness
