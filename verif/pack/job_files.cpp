#include "pack/job_files.hpp"

#include <fmt/core.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "config/derived.hpp"
#include "config/fingerprint.hpp"
#include "config/load.hpp"
#include "harness/capabilities.hpp"

namespace quillgen::pack {
namespace {

using Json = nlohmann::ordered_json;

constexpr char digits[] = "0123456789abcdef";

/// A number of many bytes, the last of them first, as $readmemh takes it.
std::string hex_word(const std::uint8_t* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = count; i-- > 0;) text += digits[bytes[i] >> 4], text += digits[bytes[i] & 15];
  return text;
}

/// A beat a line.
std::string hex_text(const Bytes& bytes, std::size_t beat) {
  std::string text;
  text.reserve(bytes.size() * 2 + bytes.size() / beat);
  for (std::size_t i = 0; i < bytes.size(); i += beat) text += hex_word(&bytes[i], beat), text += '\n';
  return text;
}

std::string strobe_word(const std::vector<bool>& strobe) {
  Bytes bits((strobe.size() + 7) / 8);
  for (std::size_t i = 0; i < strobe.size(); ++i) bits[i / 8] |= static_cast<std::uint8_t>(strobe[i] << (i % 8));
  return hex_word(bits.data(), bits.size());
}

std::string host_text(const PackedJob& job, const Config& config) {
  using What = HostLine::What;
  std::string text = fmt::format("format {:x} {} 0\nmemory {:x} {:x} 0\n", format_version, fingerprint(config),
                                 job.base, job.before.size());
  for (const auto& line : job.host) {
    if (line.what == What::expect)
      text += fmt::format("expect {:03x} {:08x} {:08x}\n", line.address, line.value, line.mask);
    else if (line.what == What::write) text += fmt::format("write {:03x} {:08x} 0\n", line.address, line.value);
    else if (line.what == What::wait) text += fmt::format("wait {:03x} 0 {:08x}\n", line.address, line.mask);
    else
      text += fmt::format("store {:x} {} {}\n", line.address, hex_word(line.data.data(), line.data.size()),
                          strobe_word(line.strobe));
  }
  return text + "end 0 0 0\n";
}

const char* access_of(const PackedRegion& r) {
  if (!r.written) return "read";
  return r.read ? "read and written" : "written";
}

std::string regions_text(const PackedJob& job) {
  std::string text;
  for (const auto& r : job.regions) text += fmt::format("{} {:x} {:x}\n", r.name, r.address, r.bytes);
  return text;
}

/// Sizes that a bench needs when it is compiled. Of words a power of two, so that it is compiled anew for few jobs.
std::string sizes_text(const PackedJob& job, const Config& config) {
  const auto words = job.before.size() / static_cast<std::size_t>(beat_bytes(config.memory));
  return fmt::format(
      "// Packed job, format {}: what a bench needs when it is compiled.\n`define QUILLGEN_JOB_WORDS {}\n",
      format_version, std::bit_ceil(words));
}

std::string binary(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
std::string hex(std::uint64_t number) { return fmt::format("{:#x}", number); }

}  // namespace

Json job_json(const PackedJob& job, const Config& config, const Origin& origin) {
  Json json = {{"quillgen_job", format_version},
               {"generator", "quillgen " + origin.generator_version},
               {"kind", origin.kind},
               {"subject", origin.subject}};
  if (origin.scene >= 0) json["scene"] = origin.scene;
  json["design"] = {{"name", config.name},
                    {"fingerprint", fingerprint(config)},
                    {"data_bits", config.memory.data_bits},
                    {"address_bits", config.memory.address_bits}};
  json["base"] = hex(job.base), json["bytes"] = job.before.size();
  json["memory"] = {
      {"binary", "memory.bin"}, {"readmemh", "memory.hex"}, {"bytes_of_a_line", beat_bytes(config.memory)}};
  json["expected"] = {{"binary", "expected.bin"}, {"readmemh", "expected.hex"}, {"compared", "all bytes"}};
  json["host"] = "host.txt";
  for (const auto& r : harness::capabilities(config))
    json["registers"].push_back(
        {{"name", r.name}, {"address", hex(r.address)}, {"value", fmt::format("{:#010x}", r.value)}});
  for (const auto& r : job.regions) {
    Json region = {{"name", r.name}, {"address", hex(r.address)}, {"bytes", r.bytes}, {"format", r.format}};
    if (r.rows > 0) region["rows"] = r.rows, region["stride"] = r.stride;
    if (r.elements > 0) region["elements"] = r.elements;
    region["access"] = access_of(r);
    json["regions"].push_back(std::move(region));
  }
  if (origin.kind == "network") json["jobs"] = job.jobs;
  json["steps"] = Json::array();
  for (const auto& s : job.steps) json["steps"].push_back({{"after", s.after}, {"what", s.what}, {"bytes", s.bytes}});
  json["config"] = to_json(config);
  return json;
}

std::map<std::string, std::string> job_files(const PackedJob& job, const Config& config, const Origin& origin) {
  const auto beat = static_cast<std::size_t>(beat_bytes(config.memory));
  return {{"job.json", job_json(job, config, origin).dump(2) + "\n"},
          {"job.vh", sizes_text(job, config)},
          {"host.txt", host_text(job, config)},
          {"regions.txt", regions_text(job)},
          {"memory.bin", binary(job.before)},
          {"memory.hex", hex_text(job.before, beat)},
          {"expected.bin", binary(job.after)},
          {"expected.hex", hex_text(job.after, beat)}};
}

}  // namespace quillgen::pack
