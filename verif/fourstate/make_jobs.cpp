// Jobs for the four-state bench: what memory holds before and after each, for $readmemh, a beat a line, the highest
// byte first. Bytes that nobody has given a value are x: those between the tensors and, with `x`, those that a tensor
// may hold anything in (padding of rows and blocks, unused words of a descriptor), which are noise with `noise`.
//   make_jobs RTL_FOLDER OUT_FOLDER x|noise WORK[:given][:gelu|:silu|:sigmoid][:pruned][:formed][:norm]...
// WORK is a workload file, the shape of a dense job, ROWSxINNERxOUTPUTS, or self-attention, selfROWS; given: its value
// map is in memory; pruned: of what the design can leave out, points, moves and pixels are. With an epilogue, formed:
// its operands are formed from rows of the stream; norm: its results are added to residual rows, in place in every
// second job, and normalised.
#include <fmt/core.h>
#include <quillgen_regs.h>

#include <cstdio>
#include <fstream>
#include <functional>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "config/load.hpp"
#include "fourstate/stream_work.hpp"
#include "harness/files.hpp"
#include "harness/layout.hpp"
#include "harness/manifest.hpp"
#include "harness/parameters.hpp"
#include "model/layer.hpp"
#include "reference/quantise.hpp"
#include "reference/random_dense.hpp"

using namespace quillgen;
using namespace quillgen::harness;
namespace fs = std::filesystem;

namespace {

constexpr int alignment = 64;  // of addresses

/// Bytes from `base` on, and which of them have a value.
class Image {
 public:
  Image(const Config& config, bool noise) : config_(config), noise_(noise) {}

  static std::uint64_t base(const Config& config) { return config.memory.address_bits > 32 ? 0x1'0000'0000 : 0x10000; }

  /// Places what `pack` makes; bytes that depend on the noise it is given have no value of their own. Returns the
  /// address.
  std::uint64_t place(const std::function<Bytes(Chance&)>& pack, int align = alignment) {
    const auto begin = allocate(align);
    Chance first(++seed_);
    const auto bytes = pack(first);
    std::vector<bool> known(bytes.size(), true);
    for (int i = 0; i < 8; ++i) {
      Chance other(++seed_);
      const auto again = pack(other);
      for (std::size_t b = 0; b < bytes.size(); ++b) known[b] = known[b] && bytes[b] == again[b];
    }
    append(bytes, known);
    return base(config_) + begin;
  }
  std::uint64_t place(const Bytes& bytes, int align = alignment) {
    return place([&](Chance&) { return bytes; }, align);
  }
  /// Room for bytes that a job writes.
  std::uint64_t reserve(std::size_t bytes, int align = alignment) {
    const auto begin = allocate(align);
    bytes_.resize(begin + bytes), known_.resize(bytes_.size(), false);
    return base(config_) + begin;
  }
  void write(std::uint64_t address, const Bytes& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes_.at(address - base(config_) + i) = bytes[i];
      known_.at(address - base(config_) + i) = true;
    }
  }
  /// Whose file has `beats` lines.
  void save(const fs::path& file, std::size_t beats) const {
    const auto beat = static_cast<std::size_t>(beat_bytes(config_.memory));
    std::string text;
    for (std::size_t b = 0; b < beats; ++b) {
      for (std::size_t i = beat; i-- > 0;) {
        const auto at = b * beat + i;
        text += at < bytes_.size() && known_[at] ? fmt::format("{:02x}", bytes_[at]) : "xx";
      }
      text += '\n';
    }
    std::ofstream out(file);
    if (!(out << text << std::flush)) throw UserError(file.string() + ": cannot be written");
  }
  std::size_t beats() const {
    const auto beat = static_cast<std::size_t>(beat_bytes(config_.memory));
    return (bytes_.size() + beat - 1) / beat;
  }

 private:
  /// What was placed last ends with the 64 bytes it lies in; at least 64 that nobody owns follow.
  std::size_t allocate(int align) {
    while (bytes_.size() % alignment != 0) append({0xA5}, {false});
    const auto after_gap = bytes_.empty() ? 0 : bytes_.size() + alignment;
    bytes_.resize((after_gap + align - 1) / align * align), known_.resize(bytes_.size(), false);
    return bytes_.size();
  }
  void append(const Bytes& bytes, const std::vector<bool>& known) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    for (const bool k : known) known_.push_back(k || noise_);
  }

  Config config_;
  bool noise_;
  Bytes bytes_;
  std::vector<bool> known_;
  std::uint64_t seed_ = 0;
};

/// A stride with a beat of padding, where rows are no whole beats anyway.
int stride_of(const Config& c, int elements, int bits) {
  return (row_beats(elements, bits, c.memory) + 1) * beat_bytes(c.memory);
}

/// Rows of outputs as they are written, padded with zeros to whole beats.
void write_rows(Image& image, const Config& c, const JobAddresses& a, const std::vector<std::int32_t>& values,
                int elements, const std::vector<int>& rows) {
  const int bits = result_width(c), bytes = row_beats(elements, bits, c.memory) * beat_bytes(c.memory);
  for (const int row : rows) {
    const std::vector<std::int32_t> wanted(values.begin() + std::ptrdiff_t{row} * elements,
                                           values.begin() + std::ptrdiff_t{row + 1} * elements);
    Chance unused(0);
    auto packed = pack_rows(wanted, elements, bits, elements * element_bytes(bits), unused);
    packed.resize(static_cast<std::size_t>(bytes));
    image.write(a.outputs + static_cast<std::uint64_t>(row) * a.output_stride, packed);
  }
}

/// Rows for the array: operands of `bits` bits, or what they are formed from.
std::uint64_t place_rows(Image& image, const Config& c, const std::vector<std::int32_t>& operands, int bits,
                         const std::optional<model::Requant>& formed, const std::vector<std::int32_t>& rows,
                         int elements, int& stride) {
  const int width = formed ? result_width(c) : bits;
  stride = stride_of(c, elements, width);
  return image.place(
      [&](Chance& noise) { return pack_rows(formed ? rows : operands, elements, width, stride, noise); });
}

/// Where results go, and residual rows come from.
void place_outputs(Image& image, const Config& c, const model::Stream& stream, int rows, int elements, bool in_place,
                   JobAddresses& a) {
  a.output_stride = stride_of(c, elements, result_width(c));
  const auto residual = [&](Chance& noise) {
    return pack_rows(stream.residual, elements, result_width(c), a.output_stride, noise);
  };
  if (stream.norm) a.residual = image.place(residual);
  if (stream.norm && in_place) a.outputs = a.residual;
  else a.outputs = image.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(a.output_stride));
}

void place_positions(Image& image, const Config& c, const model::Stream& stream, int elements, JobAddresses& a) {
  if (stream.positions.empty()) return;
  a.positions = image.place(
      [&](Chance& noise) { return pack_rows(stream.positions, elements, result_width(c), a.query_stride, noise); });
}

/// With an epilogue: words that depend on flags which the job does not have may hold anything.
void fill_unused(Descriptor& d, bool has_activations, Chance& noise) {
  const auto flags = d[QUILLGEN_DESCRIPTOR_WORD_FLAGS];
  const auto any = [&](unsigned flag, int word) {
    if ((flags & flag) == 0) d[static_cast<std::size_t>(word)] = static_cast<std::uint32_t>(noise.bits());
  };
  any(QUILLGEN_DESCRIPTOR_FLAG_STREAM_QUERIES, QUILLGEN_DESCRIPTOR_WORD_QUERY_OPERAND);
  any(QUILLGEN_DESCRIPTOR_FLAG_STREAM_SOURCES, QUILLGEN_DESCRIPTOR_WORD_SOURCE_OPERAND);
  if (has_activations && (d[QUILLGEN_DESCRIPTOR_WORD_EPILOGUE] >> QUILLGEN_DESCRIPTOR_ACTIVATION_SHIFT & 3) == 0)
    d[QUILLGEN_DESCRIPTOR_WORD_ACTIVATION_SCALE] = static_cast<std::uint32_t>(noise.bits());
  for (const int half : {0, 1}) any(QUILLGEN_DESCRIPTOR_FLAG_NORM, QUILLGEN_DESCRIPTOR_WORD_EPSILON + half);
}

/// The descriptor lies at the base; the rest is placed after it.
using Layout = std::function<void(Image&, JobAddresses&)>;

struct Job {
  Image before, after;
};

/// `place` lays down what the job is given, `compute` what it writes.
Job make_job(const Config& config, bool noise, const Layout& place,
             const std::function<Descriptor(const JobAddresses&)>& describe, const Layout& compute) {
  JobAddresses a;
  Image trial(config, noise);  // tells the addresses
  trial.place(Bytes(descriptor_words(config) * 4));
  place(trial, a);
  Image image(config, noise);
  image.place([&](Chance& chance) {  // addresses that are not used may be anything
    JobAddresses any = a;
    for (auto* address : {&any.queries, &any.references, &any.value_map, &any.parameters, &any.outputs, &any.sources,
                          &any.mask, &any.list, &any.positions, &any.residual, &any.pixel_mask})
      if (*address == 0) *address = chance.bits();
    if (any.source_stride == 0) any.source_stride = static_cast<int>(chance.bits());
    auto descriptor = describe(any);
    if (config.network.epilogue != 0) fill_unused(descriptor, config.network.activations != no_activations, chance);
    return to_bytes(descriptor, config);
  });
  place(image, a);
  Job job{image, image};
  compute(job.after, a);
  return job;
}

/// Some of the points, moves and pixels, of each what the design can leave out.
model::Pruning pruning_of(const Config& config) {
  Pruning pruning;
  if (config.pruning.points != 0) pruning.points = 0.3;
  if (config.pruning.max_range > 0)
    for (int l = 0; l < config.attention.levels; ++l) pruning.range.push_back(l % 2);
  if (config.pruning.count_bits > 0) pruning.pixels = 0.7;
  return quantised_pruning(pruning, config.numerics, config.pruning.count_bits);
}

Job attention_job(const Config& config, bool noise, int number, const std::string& file, bool given, bool pruned,
                  StreamParts parts) {
  const auto workload = load_workload(file);
  auto layer = quantise(workload, run_reference(workload), config);
  if (parts.any()) add_stream(layer, config, parts, static_cast<std::uint64_t>(number));
  if (pruned) layer.pruning = pruning_of(config), layer.image_padding = layer.padding;
  const auto stages = model::run(layer);
  const auto& n = config.numerics;
  const int channels = config.attention.embed_dim, block = std::max(alignment, block_bytes(config));
  const AttentionWork work{layer, stages, given};
  const auto mask_bytes = static_cast<std::size_t>(mask_beats(config, layer.tokens())) *
                          static_cast<std::size_t>(beat_bytes(config.memory));
  const auto place = [&](Image& image, JobAddresses& a) {
    const auto& stream = layer.stream;
    a.queries =
        place_rows(image, config, layer.query, n.query_bits, stream.query, stream.queries, channels, a.query_stride);
    place_positions(image, config, stream, channels, a);
    a.references = image.place([&](Chance& noise) { return pack_references(layer, noise); });
    a.parameters = image.place(pack_parameters(layer, config));
    if (!layer.index_list.empty()) a.list = image.place(pack_list(layer.index_list));
    if (given) {
      a.value_map =
          image.place([&](Chance& noise) { return pack_value_map(layer, stages.value, config, noise); }, block);
    } else {
      a.sources = place_rows(image, config, layer.source, n.feature_bits, stream.source, stream.sources, channels,
                             a.source_stride);
      Chance padded(1);
      if (!layer.padding.empty()) a.mask = image.place(pack_mask(layer.padding, padded));
      a.value_map = image.reserve(value_map_bytes(layer, config), block);
    }
    if (layer.pruning.share > 0) {
      a.pixel_mask = image.reserve(mask_bytes);
      Chance padded(1);
      if (!layer.image_padding.empty()) a.padding = image.place(pack_mask(layer.image_padding, padded));
    }
    place_outputs(image, config, stream, layer.queries, channels, number % 2 != 0, a);
  };
  const auto compute = [&](Image& image, JobAddresses& a) {
    if (layer.pruning.share > 0) {
      auto mask = mask_passed_on(layer, stages);
      mask.resize(mask_bytes);
      image.write(a.pixel_mask, mask);
    }
    if (!given) image.write(a.value_map, pack_value_map(layer, stages.value, config));
    write_rows(image, config, a, stages.written(), channels, layer.wanted());
  };
  return make_job(
      config, noise, place,
      [&](const JobAddresses& a) { return make_descriptor(work, config, a, static_cast<std::uint32_t>(number)); },
      compute);
}

Job dense_job(const Config& config, bool noise, int number, const DenseShape& shape, StreamParts parts,
              model::Function activation) {
  auto layer = random_dense(config.numerics, shape, true, static_cast<std::uint64_t>(number));
  if (parts.any()) add_stream(layer, config, parts, static_cast<std::uint64_t>(number));
  if (model::by_pieces(activation)) add_activation(layer, activation);
  const auto output = model::run_dense(layer);
  const auto place = [&](Image& image, JobAddresses& a) {
    const auto& stream = layer.stream;
    a.queries = place_rows(image, config, layer.input, config.numerics.query_bits, stream.query, stream.queries,
                           shape.inner, a.query_stride);
    place_positions(image, config, stream, shape.inner, a);
    a.parameters = image.place(pack_panels(layer, config));
    place_outputs(image, config, stream, shape.rows, shape.outputs, number % 2 != 0, a);
  };
  const auto compute = [&](Image& image, JobAddresses& a) {
    std::vector<int> rows;
    for (int r = 0; r < shape.rows; ++r) rows.push_back(r);
    write_rows(image, config, a, output, shape.outputs, rows);
  };
  return make_job(
      config, noise, place,
      [&](const JobAddresses& a) { return make_descriptor(layer, config, a, static_cast<std::uint32_t>(number)); },
      compute);
}

/// Self-attention of so many rows.
Job self_job(const Config& config, bool noise, int number, int rows) {
  const int channels = config.attention.embed_dim, bits = config.numerics.query_bits;
  const model::SelfAttention scales{config.attention.heads, bits, std::max(1, 2 * bits - 8), 2};
  Chance draw(static_cast<std::uint64_t>(number) + 17);
  const auto tensor = [&] {
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(rows) * static_cast<std::size_t>(channels));
    for (auto& n : numbers)
      n = static_cast<std::int32_t>(draw.bits() & ((1u << bits) - 1)) - (std::int32_t{1} << (bits - 1));
    return numbers;
  };
  const auto query = tensor(), key = tensor(), value = tensor();
  const auto output = model::run_self_attention(scales, query, key, value, static_cast<std::size_t>(channels));
  const SelfAttentionWork work{scales, query, key, value, output};
  const auto place = [&](Image& image, JobAddresses& a) {
    const int stride = stride_of(config, channels, result_width(config));
    a.query_stride = a.source_stride = a.self_value_stride = a.output_stride = stride;
    const auto packed = [&](const std::vector<std::int32_t>& numbers) {
      return image.place(
          [&](Chance& chance) { return pack_rows(numbers, channels, result_width(config), stride, chance); });
    };
    a.queries = packed(query), a.sources = packed(key), a.self_values = packed(value);
    a.outputs = image.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(stride));
  };
  const auto compute = [&](Image& image, JobAddresses& a) {
    std::vector<int> all;
    for (int r = 0; r < rows; ++r) all.push_back(r);
    write_rows(image, config, a, output, channels, all);
  };
  return make_job(
      config, noise, place,
      [&](const JobAddresses& a) { return make_descriptor(work, config, a, static_cast<std::uint32_t>(number)); },
      compute);
}

/// What the bench has to know of the design and of the jobs.
std::string parameters_of(const Config& c, const Manifest& manifest, std::size_t jobs, std::size_t beats) {
  const int id_bits = manifest.ports.at("m_axi_arid");
  const auto& i = c.implementation;
  std::string text = fmt::format(
      "`define TOP {}\n`define DATA_BITS {}\n`define ADDRESS_BITS {}\n`define ID_BITS {}\n`define BASE {}'h{:x}\n"
      "`define BEATS {}\n`define JOBS {}\n`define RESET_PORT {}\n`define IN_RESET 1'b{}\n",
      manifest.top, c.memory.data_bits, c.memory.address_bits, id_bits, c.memory.address_bits, Image::base(c), beats,
      jobs, i.reset == sync_high ? "rst" : "rst_n", i.reset == sync_high ? 1 : 0);
  if (i.reset == async_low || i.clock_gating != 0) text += "`define TEST_MODE\n";
  return text;
}

int run(const std::vector<std::string>& arguments) {
  const fs::path rtl = arguments[0], out = arguments[1];
  const auto manifest = load_manifest(rtl);
  const auto config = parse_config(manifest.config, (rtl / "manifest.json").string());
  const bool noise = arguments[2] == "noise";
  std::vector<Job> jobs;
  for (auto work = arguments.begin() + 3; work != arguments.end(); ++work) {
    const int number = static_cast<int>(jobs.size());
    auto name = *work;
    const auto ends_with = [&](std::string_view mark) {
      const bool found = name.ends_with(mark);
      if (found) name.resize(name.size() - mark.size());
      return found;
    };
    StreamParts parts;
    parts.norm = ends_with(":norm"), parts.formed = ends_with(":formed");
    const bool pruned = ends_with(":pruned");
    if (pruned && !config.pruning.any()) throw UserError(*work + ": the design has no prunings");
    if (parts.any() && config.network.epilogue == 0) throw UserError(*work + ": the design has no epilogue");
    auto activation = model::Function::none;
    for (const auto& [mark, code] : {std::pair{":gelu", 1}, {":silu", 2}, {":sigmoid", 3}}) {
      if (!ends_with(mark)) continue;
      if (!has_activation(config.network, code)) throw UserError(*work + ": the design has no such activation");
      activation = static_cast<model::Function>(static_cast<int>(model::Function::gelu) + code - 1);
    }
    const bool given = ends_with(":given");
    DenseShape shape;
    int rows = 0;
    if (std::sscanf(name.c_str(), "self%d", &rows) == 1) jobs.push_back(self_job(config, noise, number, rows));
    else if (std::sscanf(name.c_str(), "%dx%dx%d", &shape.rows, &shape.inner, &shape.outputs) == 3)
      jobs.push_back(dense_job(config, noise, number, shape, parts, activation));
    else jobs.push_back(attention_job(config, noise, number, name, given, pruned, parts));
  }
  std::size_t beats = 0;
  for (const Job& job : jobs) beats = std::max(beats, job.before.beats());
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].before.save(out / fmt::format("before_{}.hex", i), beats);
    jobs[i].after.save(out / fmt::format("after_{}.hex", i), beats);
  }
  std::ofstream(out / "jobs.vh") << parameters_of(config, manifest, jobs.size(), beats);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs(
        "usage: make_jobs RTL_FOLDER OUT_FOLDER x|noise "
        "WORK[:given][:gelu|:silu|:sigmoid][:pruned][:formed][:norm]...\n",
        stderr);
    return 2;
  }
  try {
    return run({argv + 1, argv + argc});
  } catch (const UserError& error) {
    std::fprintf(stderr, "make_jobs: %s\n", error.what());
    return 2;
  }
}
