// Packed jobs: both images of memory, read back with the harness, hold what the model says, each tensor at its place;
// nothing but what is written differs between them; the host's lines lead from one to the other.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "config/derived.hpp"
#include "config/load.hpp"
#include "harness/program_memory.hpp"
#include "network/quantise_network.hpp"
#include "pack/job_files.hpp"
#include "reference/quantise.hpp"

using namespace quillgen;
using namespace quillgen::harness;
using pack::HostLine;
using pack::PackedJob;

namespace {

const std::string folder_of_examples = EXAMPLES;

struct PackedLayer {
  Config config;
  model::QuantisedLayer layer;
  model::Stages stages;

  PackedLayer(const std::string& preset, const std::string& workload, const std::vector<std::string>& overrides = {},
              const Pruning& pruning = {})
      : config(load_preset(preset, overrides)) {
    const auto loaded = load_workload(folder_of_examples + "/" + workload + ".safetensors");
    layer = quantise(loaded, run_reference(loaded, pruning), config, pruning);
    stages = model::run(layer);
  }
  PackedJob pack(std::uint64_t base = 0) const { return pack::pack_layer(AttentionWork{layer, stages}, config, base); }
};

/// Bytes of a region in an image.
Bytes bytes_of(const PackedJob& job, const Bytes& image, const std::string& name) {
  for (const auto& r : job.regions)
    if (r.name == name) {
      const auto begin = image.begin() + static_cast<std::ptrdiff_t>(r.address - job.base);
      return {begin, begin + static_cast<std::ptrdiff_t>(r.bytes)};
    }
  FAIL(name);
  return {};
}

/// Regions are aligned, apart and within the image, and only those that the hardware or the host writes change.
void check_regions(const PackedJob& job) {
  REQUIRE(job.before.size() == job.after.size());
  std::vector<int> owner(job.before.size(), -1);
  for (std::size_t i = 0; i < job.regions.size(); ++i) {
    const auto& r = job.regions[i];
    CAPTURE(r.name);
    CHECK(r.address % 64 == 0);
    CHECK(r.name.find(' ') == std::string::npos);
    REQUIRE(r.address >= job.base);
    REQUIRE(r.address - job.base + r.bytes <= job.before.size());
    if (r.rows > 0) CHECK(static_cast<std::size_t>(r.rows) * static_cast<std::size_t>(r.stride) <= r.bytes);
    for (std::size_t at = 0; at < r.bytes; ++at) {
      CHECK(owner[r.address - job.base + at] == -1);
      owner[r.address - job.base + at] = static_cast<int>(i);
    }
  }
  std::vector<bool> stored(job.before.size());
  for (const auto& line : job.host)
    for (std::size_t i = 0; line.what == HostLine::What::store && i < line.strobe.size(); ++i)
      if (line.strobe[i]) stored[line.address - job.base + i] = true;
  for (std::size_t i = 0; i < job.before.size(); ++i)
    if (job.before[i] != job.after[i])
      CHECK((owner[i] >= 0 && (job.regions[static_cast<std::size_t>(owner[i])].written || stored[i])));
}

std::uint64_t address_of(const Bytes& descriptor, std::size_t word) {
  std::uint64_t address = 0;
  for (std::size_t i = 8; i-- > 0;) address = address << 8 | descriptor[4 * word + i];
  return address;
}

/// Every tensor of a layer at its place, before and after.
void check_layer(const PackedLayer& l, std::uint64_t base) {
  const auto job = l.pack(base);
  check_regions(job);
  const auto& n = l.config.numerics;
  const int channels = l.config.attention.embed_dim;
  const auto elements = [&](const std::string& name, const Bytes& image, int bits) {
    const auto region = std::ranges::find(job.regions, name, &pack::PackedRegion::name);
    REQUIRE(region != job.regions.end());
    CHECK(region->elements == channels);
    const auto bytes = bytes_of(job, image, name);
    std::vector<std::int32_t> values;
    for (int row = 0; row < region->rows; ++row)
      for (int i = 0; i < channels; ++i)
        values.push_back(read_element(&bytes[static_cast<std::size_t>(row * region->stride + i * element_bytes(bits))],
                                      element_bytes(bits)));
    return values;
  };
  CHECK(elements("query_rows", job.before, n.query_bits) == l.layer.query);
  CHECK(elements("source_rows", job.before, n.feature_bits) == l.layer.source);
  CHECK(read_value_map(l.layer, bytes_of(job, job.after, "value_map"), l.config) == l.stages.value);
  auto outputs = elements("output_rows", job.after, result_width(l.config));
  const auto unwritten = elements("output_rows", job.before, result_width(l.config));
  const auto wanted = l.layer.wanted();
  for (int query = 0; query < l.layer.queries; ++query) {
    const auto first = static_cast<std::size_t>(query * channels);
    const auto& should = std::ranges::find(wanted, query) != wanted.end() ? l.stages.output : unwritten;
    CHECK(std::equal(&outputs[first], &outputs[first] + channels, &should[first]));
  }
  if (l.layer.pruning.share > 0) {
    const auto mask = model::mask_passed_on(l.layer, l.stages), written = bytes_of(job, job.after, "pixel_mask");
    CHECK(std::equal(mask.begin(), mask.end(), written.begin()));
  }
  const auto descriptor = bytes_of(job, job.before, "descriptor");
  const auto place = [&](const std::string& name) {
    return std::ranges::find(job.regions, name, &pack::PackedRegion::name)->address;
  };
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_QUERY_ADDRESS) == place("query_rows"));
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_SOURCE_ADDRESS) == place("source_rows"));
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_REFERENCE_ADDRESS) == place("references"));
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_PARAMETER_ADDRESS) == place("parameters"));
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_VALUE_ADDRESS) == place("value_map"));
  CHECK(address_of(descriptor, QUILLGEN_DESCRIPTOR_WORD_OUTPUT_ADDRESS) == place("output_rows"));
  for (const auto& [address, register_value] :
       {std::pair(QUILLGEN_DESC_LO, static_cast<std::uint32_t>(place("descriptor"))),
        {QUILLGEN_DESC_HI, static_cast<std::uint32_t>(place("descriptor") >> 32)}})
    CHECK(std::ranges::any_of(job.host, [&](const HostLine& line) {
      return line.what == HostLine::What::write && line.address == static_cast<std::uint64_t>(address) &&
             line.value == register_value;
    }));
}

model::Program scene_of(const Config& config, const std::string& name, int scene) {
  const auto net = network::load_network(folder_of_examples + "/" + name + ".safetensors");
  const auto scales = network::read_scales(folder_of_examples + "/" + name + ".scales.json", net, config);
  const network::SceneFile scenes(folder_of_examples + "/" + name + "_scenes.safetensors", net);
  return model::make_program(
      quantise(net, scales, config), config,
      quantised(scenes.scene(scene).source, scales.of("encoder.input"), config.network.stream_bits));
}

}  // namespace

TEST_CASE("packed layers: every tensor at its place") {
  check_layer({"nano", "official_test_shapes"}, 0);
  check_layer({"nano", "official_test_shapes"}, 0x1234567040);
  check_layer({"nano", "official_test_shapes", {"numerics.preset=int12"}}, 64);
  check_layer({"small", "sparse_c64"}, 0x1000);
  check_layer({"small", "decoder_c64_boxes"}, 0);
  check_layer({"small", "tiny_detr_enc0", {"pruning.count_bits=16"}, {0, 0.7, {}}}, 0);
}

TEST_CASE(
    "packed programs: what every job leaves is what the harness expects of it, and the host's steps are the model's") {
  for (const std::string name : {"tiny_detector", "tiny_sparse_detector"})
    for (const std::vector<std::string>& overrides : {std::vector<std::string>{}, {"network.self_attention=0"}}) {
      CAPTURE(name);
      const auto config = load_preset("detector", overrides);
      const auto program = scene_of(config, name, 1);
      MemoryMap map;
      ProgramMemory memory(map, program, config, Placement::compact(0x80000000));
      for (std::size_t job = 0; job < program.jobs.size(); ++job) {
        CAPTURE(program.jobs[job].name);
        memory.put_results(job);
        const auto& work = program.jobs[job].work;
        if (const auto* dense = std::get_if<model::ProgramDense>(&work)) CHECK(memory.outputs(job) == dense->output);
        if (const auto* self = std::get_if<model::ProgramSelfAttention>(&work))
          CHECK(memory.outputs(job) == self->output);
        if (const auto* attention = std::get_if<model::ProgramAttention>(&work)) {
          CHECK(memory.value_map(job) == attention->stages.value);
          const auto outputs = memory.outputs(job);
          const auto length = static_cast<std::size_t>(config.attention.embed_dim);
          for (const int query : attention->layer.wanted()) {
            const auto first = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(query) * length);
            CHECK(std::equal(outputs.begin() + first, outputs.begin() + first + static_cast<std::ptrdiff_t>(length),
                             attention->stages.written().begin() + first));
          }
        }
        memory.host_step(job);
      }
      const auto found = memory.detections();
      CHECK(found.logits == program.detections.logits);
      CHECK(found.boxes == program.detections.boxes);

      const auto job = pack::pack_program(program, config, 0x80000000);
      check_regions(job);
      for (const auto& region : map.regions())
        CHECK(std::equal(region.bytes.begin(), region.bytes.end(),
                         job.after.begin() + static_cast<std::ptrdiff_t>(region.base - job.base)));
      const auto steps =
          std::ranges::count_if(program.jobs, [](const auto& j) { return j.host_step != model::HostStep::none; });
      CHECK(std::ssize(job.steps) == steps);
      CHECK(std::ranges::count(job.host, HostLine::What::wait, &HostLine::what) == steps + 1);
      // What is stored at a step lies in memory at the end unless a later job or step writes there: the lists do.
      for (const auto& [list, entries] : program.lists)
        CHECK(bytes_of(job, job.after, list).size() >= entries.size() * 4);
    }
}

TEST_CASE("the files of a packed job agree, and are the same twice") {
  const PackedLayer l("nano", "official_test_shapes");
  const auto files = pack::job_files(l.pack(64), l.config, {"layer", "layer", -1, "1"});
  CHECK(files == pack::job_files(l.pack(64), l.config, {"layer", "layer", -1, "1"}));
  const auto json = nlohmann::ordered_json::parse(files.at("job.json"));
  CHECK(json["quillgen_job"] == 1);
  CHECK(json["base"] == "0x40");
  for (const std::string name : {"memory", "expected"}) {
    const auto &binary = files.at(name + ".bin"), &hex = files.at(name + ".hex");
    CHECK(json["bytes"] == binary.size());
    std::string from_hex;
    for (std::size_t line = 0; line < hex.size(); line += 17)
      for (int byte = 7; byte >= 0; --byte)
        from_hex += static_cast<char>(std::stoi(hex.substr(line + static_cast<std::size_t>(2 * byte), 2), nullptr, 16));
    CHECK(from_hex == binary);
  }
  std::string regions;
  for (const auto& r : json["regions"]) {
    const auto address = std::stoull(r["address"].get<std::string>(), nullptr, 16);
    regions += fmt::format("{} {:x} {:x}\n", r["name"].get<std::string>(), address, r["bytes"].get<std::size_t>());
  }
  CHECK(regions == files.at("regions.txt"));
  CHECK(files.at("host.txt")
            .starts_with(fmt::format("format 1 {} 0\nmemory 40 {:x} 0\n",
                                     json["design"]["fingerprint"].get<std::string>(), files.at("memory.bin").size())));
  CHECK(files.at("host.txt").ends_with("end 0 0 0\n"));
}
