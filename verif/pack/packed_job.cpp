#include "pack/packed_job.hpp"

#include <fmt/core.h>
#include <quillgen_regs.h>

#include <algorithm>
#include <array>

#include "config/derived.hpp"
#include "harness/capabilities.hpp"
#include "harness/program_memory.hpp"

namespace quillgen::pack {
namespace {

using harness::MemoryMap;
using harness::Region;
using What = HostLine::What;

constexpr std::uint32_t ends =
    QUILLGEN_INT_STATE_DONE_MASK | QUILLGEN_INT_STATE_FAILED_MASK | QUILLGEN_INT_STATE_STEP_MASK;

/// Names without blanks: they stand in lists of words.
std::string packed_name(std::string name) {
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::string int_format(int bits) { return fmt::format("int{}", 8 * element_bytes(bits)); }

class Packer {
 public:
  Packer(const Config& config, std::uint64_t base) : config_(config) { job_.base = base; }

  MemoryMap& map() { return map_; }
  PackedJob& job() { return job_; }

  /// Of what is in the map now; all regions are there.
  Bytes image() const {
    const auto beat = static_cast<std::size_t>(beat_bytes(config_.memory));
    Bytes bytes;
    for (const auto& region : map_.regions()) {
      const auto begin = static_cast<std::size_t>(region.base - job_.base);
      bytes.resize(std::max(bytes.size(), begin + region.bytes.size()));
      std::ranges::copy(region.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(begin));
    }
    bytes.resize((bytes.size() + beat - 1) / beat * beat);
    return bytes;
  }

  /// Without a format it is bytes.
  void describe(const std::string& name, const std::string& format, int rows = 0, int stride = 0, int elements = 0) {
    if (!map_.has(name)) return;
    const auto& region = map_.at(name);
    job_.regions.push_back({packed_name(name), region.base, region.bytes.size(), format, rows, stride, elements,
                            region.read_ids != 0, region.write_ids != 0});
  }

  void expect(std::uint32_t address, std::uint32_t value, std::uint32_t mask = ~std::uint32_t{0}) {
    job_.host.push_back({What::expect, address, value, mask, {}, {}});
  }
  void write(std::uint32_t address, std::uint32_t value) {
    job_.host.push_back({What::write, address, value, 0, {}, {}});
  }

  /// The design is the one that was meant, and the first job begins.
  void start(std::uint64_t descriptor) {
    for (const auto& r : harness::capabilities(config_)) expect(r.address, r.value);
    write(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_DONE_MASK | QUILLGEN_INT_STATE_FAILED_MASK |
                                  QUILLGEN_INT_STATE_REFUSED_MASK | QUILLGEN_INT_STATE_STEP_MASK);
    write(QUILLGEN_INT_ENABLE, ends);
    write(QUILLGEN_DESC_LO, static_cast<std::uint32_t>(descriptor));
    write(QUILLGEN_DESC_HI, static_cast<std::uint32_t>(descriptor >> 32));
    write(QUILLGEN_START, 1);
    wait();
  }

  /// The host's step `what` behind job `after`, and on.
  void step(const std::string& after, const std::string& what, const std::vector<harness::HostWrite>& writes) {
    expect(QUILLGEN_ERROR, 0);
    expect(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_STEP_MASK);
    write(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_STEP_MASK);
    std::size_t bytes = 0;
    for (const auto& w : writes) store(map_.at(w.tensor).base + w.offset, w.bytes), bytes += w.bytes.size();
    write(QUILLGEN_CONTROL, QUILLGEN_CONTROL_RESUME_MASK);
    wait();
    job_.steps.push_back({after, what, bytes});
  }

  void finish(std::uint32_t job_id) {
    expect(QUILLGEN_ERROR, 0);
    expect(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_DONE_MASK);
    expect(QUILLGEN_STATUS, QUILLGEN_STATUS_DONE_MASK | QUILLGEN_STATUS_QUEUE_EMPTY_MASK);
    expect(QUILLGEN_JOB_ID, job_id);
    write(QUILLGEN_INT_STATE, QUILLGEN_INT_STATE_DONE_MASK);
    expect(QUILLGEN_INT_STATE, 0);
  }

 private:
  void wait() { job_.host.push_back({What::wait, QUILLGEN_INT_STATE, 0, ends, {}, {}}); }

  /// A line a beat.
  void store(std::uint64_t address, const Bytes& bytes) {
    const auto beat = static_cast<std::uint64_t>(beat_bytes(config_.memory));
    for (std::size_t i = 0; i < bytes.size();) {
      HostLine line{What::store, (address + i) / beat * beat, 0, 0, Bytes(beat), std::vector<bool>(beat)};
      for (auto at = static_cast<std::size_t>((address + i) % beat); at < beat && i < bytes.size(); ++at, ++i)
        line.data[at] = bytes[i], line.strobe[at] = true;
      job_.host.push_back(std::move(line));
    }
  }

  const Config& config_;
  MemoryMap map_;
  PackedJob job_;
};

/// Number of the dense layer's panels, for the list of regions.
void describe_program(Packer& packer, const model::Program& program, const Config& config,
                      const harness::ProgramMemory& memory) {
  using Kind = model::ProgramTensor::Kind;
  for (const auto& [name, t] : program.tensors) {
    if (t.kind == Kind::references) packer.describe(name, "int32, 16 fraction bits", t.rows, 4 * t.length, t.length);
    else if (t.kind == Kind::mask) packer.describe(name, "uint8", 0, 0, t.rows);
    else if (t.kind == Kind::boxes)
      packer.describe(name, "references (int32, 16 fraction bits) of each level, then 4 logits (int16)", t.rows,
                      memory.stride(name), box_logits_offset(config) / 4 + 4);
    else packer.describe(name, int_format(result_width(config)), t.rows, memory.stride(name), t.length);
  }
  packer.describe("value map", "value map of " + int_format(config.numerics.feature_bits));
  for (const auto& [name, list] : program.lists) packer.describe(name, "uint32", 0, 0, static_cast<int>(list.size()));
  for (std::size_t job = 0; job < program.jobs.size(); ++job) {
    packer.describe(fmt::format("parameters {}", job),
                    std::holds_alternative<model::ProgramDense>(program.jobs[job].work) ? "panels" : "parameter image");
    packer.describe(fmt::format("descriptor {}", job), "descriptor");
  }
}

const char* text_of(model::HostStep step) {
  constexpr std::array texts = {"none", "choose_tokens", "choose_queries", "sine_embedding", "self_attention"};
  return texts.at(static_cast<std::size_t>(step));
}

}  // namespace

PackedJob pack_layer(const harness::AttentionWork& work, const Config& config, std::uint64_t base) {
  Packer packer(config, base);
  harness::JobMemory memory(packer.map(), work, config, harness::Placement::compact(base));
  packer.job().before = packer.image();
  memory.put_results(work);
  packer.job().after = packer.image();
  packer.job().jobs = {""};

  const auto& layer = work.layer;
  const auto& n = config.numerics;
  const auto& a = memory.addresses();
  const int channels = config.attention.embed_dim, tokens = layer.tokens(),
            reference = static_cast<int>(layer.reference.size()) / layer.queries;
  packer.describe("query rows", int_format(n.query_bits), layer.queries, a.query_stride, channels);
  packer.describe("references", "int32, 16 fraction bits", layer.queries, 4 * reference, reference);
  packer.describe("value map", "value map of " + int_format(n.feature_bits));
  packer.describe("source rows", int_format(n.feature_bits), tokens, a.source_stride, channels);
  packer.describe("mask", "uint8", 0, 0, tokens);
  packer.describe("parameters", "parameter image");
  packer.describe("index list", "uint32", 0, 0, static_cast<int>(layer.index_list.size()));
  packer.describe("pixel mask", "uint8", 0, 0, tokens);
  packer.describe("image padding", "uint8", 0, 0, tokens);
  packer.describe("output rows", int_format(result_width(config)), layer.queries, a.output_stride, channels);
  packer.describe("descriptor", "descriptor");

  packer.start(memory.descriptor_address());
  packer.finish(memory.descriptor()[QUILLGEN_DESCRIPTOR_WORD_JOB_ID]);
  return std::move(packer.job());
}

PackedJob pack_program(const model::Program& program, const Config& config, std::uint64_t base) {
  Packer packer(config, base);
  harness::ProgramMemory memory(packer.map(), program, config, harness::Placement::compact(base));
  packer.job().before = packer.image();
  describe_program(packer, program, config, memory);
  packer.start(memory.first_descriptor());
  for (std::size_t job = 0; job < program.jobs.size(); ++job) {
    const auto& [name, work, host_step] = program.jobs[job];
    packer.job().jobs.push_back(name);
    memory.put_results(job);
    if (host_step == model::HostStep::none) continue;
    packer.step(name, text_of(host_step), memory.host_writes(job));
    memory.host_step(job);
  }
  packer.finish(memory.id(program.jobs.size() - 1));
  packer.job().after = packer.image();
  return std::move(packer.job());
}

}  // namespace quillgen::pack
