#include "accel/integration_text.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>

#include "accel/host/parameter_loader.hpp"
#include "accel/host/registers.hpp"
#include "emit/templates.hpp"
#include "hdl/upper.hpp"

namespace quillgen::accel {
namespace {

using Json = nlohmann::ordered_json;

struct PortGroup {
  const char *start, *name, *meaning;
};

// A port belongs to the first group whose start its name has.
constexpr std::array groups = {
    PortGroup{"clk", "clock", "rising edge"},
    PortGroup{"rst", "reset", "see Reset"},
    PortGroup{"test_mode", "test", "1 during scan, 0 otherwise; see Test mode"},
    PortGroup{"irq", "interrupt", "level, high while a bit of INT_STATE is set that INT_ENABLE has too"},
    PortGroup{"s_axil_aw", "host, write address", "AXI4-Lite slave"},
    PortGroup{"s_axil_w", "host, write data", "all four bytes at a time; writes of fewer are ignored"},
    PortGroup{"s_axil_b", "host, write response", "always OKAY"},
    PortGroup{"s_axil_ar", "host, read address", "AXI4-Lite slave"},
    PortGroup{"s_axil_r", "host, read data", "always OKAY"},
    PortGroup{"m_axi_aw", "memory, write address", "AXI4 master; ID, size and burst are constants"},
    PortGroup{"m_axi_w", "memory, write data", "strobes are all 1"},
    PortGroup{"m_axi_b", "memory, write response", "ready is always 1"},
    PortGroup{"m_axi_ar", "memory, read address", "AXI4 master; size and burst are constants"},
    PortGroup{"m_axi_r", "memory, read data", "ready is always 1"}};

const PortGroup& group_of(const std::string& port) {
  const auto found = std::ranges::find_if(groups, [&](const PortGroup& g) { return port.starts_with(g.start); });
  if (found == groups.end())
    throw std::logic_error(fmt::format("port {} is in no group of the integration page", port));
  return *found;
}

std::string port_table(const Json& ports) {
  std::string text = "| group | port | direction | bits | |\n|---|---|---|---|---|\n";
  for (const PortGroup& g : groups) {
    std::string name = g.name, meaning = g.meaning;
    for (const Json& p : ports) {
      const auto port = p["name"].get<std::string>();
      if (&group_of(port) != &g) continue;
      text += fmt::format("| {} | {} | {} | {} | {} |\n", name, port, p["direction"].get<std::string>(),
                          p["width"].get<int>(), meaning);
      name = meaning = "";
    }
  }
  return text;
}

std::string reset_text(const Implementation& i) {
  if (i.reset == async_low)
    return "`rst_n`, asynchronous, active low. It may be asserted at any time and needs no clock; its release must be\n"
           "synchronous to `clk`, since all registers have to leave reset in the same cycle. A synchroniser of two\n"
           "registers before the port is yours to add. Hold it for as long as the library asks, and at least 2 cycles.";
  return fmt::format("`{}`, synchronous, active {}: setup and hold to `clk` like any input. {}",
                     i.reset == sync_high ? "rst" : "rst_n", i.reset == sync_high ? "high" : "low",
                     i.clock_gating != 0 ? "Hold it for at least 4 cycles: a gated clock may miss the first."
                                         : "Hold it for at least 2 cycles.");
}

bool has_test_mode(const Implementation& i) { return i.clock_gating != 0 || i.reset == async_low; }

constexpr const char* test_mode_text =
    "## Test mode\n\n"
    "With `test_mode` 1 every gated clock follows `clk`, and `rst_n`, if it is asynchronous, resets alone: scan\n"
    "controls all registers from the ports. It must be constant while the design works.\n\n";

std::string memory_table(const Json& memories) {
  struct Use {
    int count = 0;
    std::string first;
  };
  std::map<std::tuple<std::string, int, int>, Use> uses;
  for (const Json& m : memories) {
    Use& use = uses[{m["wrapper"], m["depth"], m["width"]}];
    if (use.count++ == 0) use.first = m["instance"];
  }
  std::string text = "| wrapper | words | bits of a word | count | first instance |\n|---|---|---|---|---|\n";
  for (const auto& [key, use] : uses)
    text += fmt::format("| {} | {} | {} | {} | {} |\n", std::get<0>(key), std::get<1>(key), std::get<2>(key), use.count,
                        use.first);
  return text;
}

std::string gate_text(const Json& gates, const Implementation& i) {
  if (gates.empty())
    return "None: all registers have `clk` itself, and a reset that plain logic makes of that of the port.\n";
  std::string text = "| wrapper | instance |\n|---|---|\n";
  for (const Json& g : gates)
    text += fmt::format("| {} | {} |\n", g["wrapper"].get<std::string>(), g["instance"].get<std::string>());
  if (i.clock_gating != 0)
    text +=
        "\nBehind `clock_gate` is a model for simulation and FPGA: a register at the falling edge, which for an "
        "enable\n"
        "that comes from registers is what a latch does. For an ASIC define QUILLGEN_CLOCK_GATE as the name of a "
        "module\n"
        "with the ports of `clock_gate` that holds the gating cell of the library. Enables have half a cycle. Gates "
        "do\n"
        "not nest.\n";
  if (i.reset == async_low)
    text +=
        "\n`reset_gate` joins `rst_n` with the reset that ends a failed job, which one register makes, so that its "
        "output\n"
        "does not glitch. Define QUILLGEN_RESET_GATE as the name of a module with the same ports to choose the cell.\n";
  return text;
}

std::int64_t image_bytes(const Shapes& s) {
  std::int64_t beats = 0;
  for (const Table& t : parameter_tables(s)) beats += t.total_beats(s);
  return beats * s.data_bytes();
}

/// Entries in their order, first field lowest.
std::string image_table(const Shapes& s) {
  const Config& c = s.config;
  const int lanes = c.core.head_lanes, columns = c.gemm.columns, depth = c.gemm.depth,
            head_dim = c.attention.head_dim(), groups = divide_up(c.attention.embed_dim, c.core.projection_columns),
            units = head_requant_units(c), lane_channels = c.attention.embed_dim / lanes,
            lane_heads = c.attention.heads / lanes, together = s.requant_columns(), beside = s.weight_columns();
  const std::string requant = "bias 32, mult 16, shift 6 bits";
  // Columns j of which an entry holds the numbers.
  const auto columns_of = [&](int in_entry) {
    return in_entry == 1 ? fmt::format("for column j < {}:", columns)
                         : fmt::format("for i < {}: for each column j = {} * i .. {} * i + {}", columns / in_entry,
                                       in_entry, in_entry, in_entry - 1);
  };
  const auto weights = [&](const char* of) {
    return fmt::format("for tile t, for step s < {}, {} {} weights of {} bits, channels {} * s and up, of {}",
                       s.steps(), columns_of(beside), depth, s.weight_bits(), depth, of);
  };
  const auto entries_of = [&](const char* of) {
    return fmt::format("for tile t, {} {} of {}", columns_of(together), requant, of);
  };
  const auto value_output = fmt::format("output {} * t + j", columns);
  const std::vector<std::string> entries = {
      "value map: " + entries_of(value_output.c_str()),
      weights(value_output.c_str()),
      "logits and offsets: " + entries_of("query output j of tile t"),
      weights("query output j of tile t"),
      fmt::format("heads: for word i: for lane a < {} {} times mult 16, shift 6 bits of channel {} * a + {} * i and up",
                  lanes, units, lane_channels, units),
      fmt::format("W'': for head h < {}, for group g < {}, for lane a < {}, for column p < {}: {} weights of {} bits, "
                  "channels ({} * a + h) * {} and up, of output {} * g + p",
                  lane_heads, groups, lanes, c.core.projection_columns, head_dim, c.numerics.output_weight_bits,
                  lane_heads, head_dim, c.core.projection_columns),
      fmt::format("outputs: for group g < {}, for column p < {}: {} of output {} * g + p", groups,
                  c.core.projection_columns, requant, c.core.projection_columns),
      fmt::format("of jobs with a norm: for word i: gamma 16, beta 32 bits of channel {} * i and up", s.row_unit())};
  std::string text = "| table | entries | bits | beats | an entry, in their order |\n|---|---|---|---|---|\n";
  const auto tables = parameter_tables(s);
  for (std::size_t i = 0; i < tables.size(); ++i)
    text += fmt::format("| {} | {} | {} | {} | {} |\n", tables[i].name, tables[i].banks * tables[i].words,
                        tables[i].bits, tables[i].total_beats(s), entries.at(i));
  return text;
}

/// Who reads with which ID, and how many bursts may be open.
std::string open_table(const Config& c) {
  std::string text = "| ID | reads | bursts open at most |\n|---|---|---|\n";
  int id = 0, sum = 0;
  for (const ReadClient& client : read_clients(c)) {
    text += fmt::format("| {} | {} | {} |\n", id++, client.reads, client.most_open);
    sum += client.most_open;
  }
  return text + fmt::format("| | all | {} |\n", sum);
}

/// Rows of the stream, in the list of tensors.
std::string network_text(const Config& c) {
  if (c.network.epilogue == 0) return "";
  return fmt::format(
      "* Rows of the stream have elements of {} bits. They, and all results, take {} each, so that a job may read "
      "what\n"
      "  another has written. With the flag STREAM_QUERIES the query rows, or the rows of a dense job, are of the\n"
      "  stream, with STREAM_SOURCES the source rows; operands are formed with QUERY_OPERAND and SOURCE_OPERAND. With\n"
      "  POSITION the position rows, as far apart as the query rows, are added first.\n"
      "* With NORM results are added to the residual rows, as far apart as the output rows, and normalised with the "
      "last\n"
      "  table below. A dense job then has {} outputs, one panel, and the table behind it.\n"
      "* Residual rows may be the output rows: each is read before it is written and not after. Otherwise the two "
      "must\n"
      "  not overlap, and in place no query may be named twice.\n",
      c.network.stream_bits, element_bytes(result_width(c)) == 1 ? "a byte" : "two bytes", c.attention.embed_dim);
}

std::string tensor_table(const Config& c) {
  const auto& a = c.attention;
  const int query = query_row_beats(c) * beat_bytes(c.memory), output = output_row_beats(c) * beat_bytes(c.memory),
            block = a.heads * block_bytes(c);
  const std::int64_t level = std::int64_t{divide_up(a.max_width, 2)} * divide_up(a.max_height, 2) * block;
  std::string text = "| region | access | alignment | bytes | at most |\n|---|---|---|---|---|\n";
  const auto row = [&](const char* name, const char* access, int alignment, const std::string& bytes,
                       std::int64_t most) {
    text += fmt::format("| {} | {} | {} | {} | {} |\n", name, access, alignment, bytes,
                        most > 0 ? std::to_string(most) : "by the outputs, below 65536");
  };
  row("descriptor", "read", base_alignment, std::to_string(descriptor_words(c) * 4), descriptor_words(c) * 4);
  row("parameter image", "read", base_alignment, std::to_string(image_bytes(Shapes(c))), image_bytes(Shapes(c)));
  row("query rows", "read", base_alignment, fmt::format("queries * stride, stride >= {}", query),
      std::int64_t{a.max_queries} * query);
  row("index list", "read", base_alignment, "4 * entries, padded to a beat", std::int64_t{a.max_queries} * 4);
  row("references", "read", base_alignment,
      fmt::format("queries * {}, of boxes {}", reference_row_bytes(c, false), reference_row_bytes(c, true)),
      std::int64_t{a.max_queries} * reference_row_bytes(c, true));
  row("source rows", "read", base_alignment,
      fmt::format("tokens * stride, stride >= {}", source_row_beats(c) * beat_bytes(c.memory)),
      std::int64_t{a.max_tokens} * source_row_beats(c) * beat_bytes(c.memory));
  row("mask", "read", base_alignment, "tokens, padded to a beat", a.max_tokens);
  if (c.pruning.count_bits > 0) {
    row("padding of the image", "read", base_alignment, "tokens, padded to a beat", a.max_tokens);
    row("mask of pixels seldom read", "written", base_alignment, "tokens, padded to a beat",
        std::int64_t{mask_beats(c, a.max_tokens)} * beat_bytes(c.memory));
  }
  row("value map", "written and read", std::max(base_alignment, block_bytes(c)),
      fmt::format("sum over the levels of ceil(width / 2) * ceil(height / 2) * {}", block), a.levels * level);
  row("output rows", "written", base_alignment, fmt::format("queries * stride, stride >= {}", output),
      std::int64_t{a.max_queries} * output);
  const int element = element_bytes(c.numerics.query_bits);
  row("rows of a dense job", "read", base_alignment,
      fmt::format("rows * stride, stride >= inner * {} padded to a beat", element),
      std::int64_t{a.max_queries} * row_beats(c.gemm.max_inner, c.numerics.query_bits, c.memory) *
          beat_bytes(c.memory));
  const auto tables = parameter_tables(Shapes(c));
  row("panels of a dense job", "read", base_alignment,
      fmt::format("tiles * ({} + ceil(inner / {}) * {})",
                  tables[0].banks * tables[0].beats(Shapes(c)) * beat_bytes(c.memory), c.gemm.depth,
                  tables[1].banks * tables[1].beats(Shapes(c)) * beat_bytes(c.memory)),
      0);
  row("output rows of a dense job", "written", base_alignment,
      fmt::format("rows * stride, stride >= outputs * {} padded to a beat", element_bytes(result_width(c))), 0);
  if (c.network.epilogue == 0) return text;
  const std::int64_t longest =
      row_beats(std::max(a.embed_dim, c.gemm.max_inner), result_width(c), c.memory) * beat_bytes(c.memory);
  row("rows of the stream, for any of these rows", "read", base_alignment,
      fmt::format("rows * stride, stride >= elements * {} padded to a beat", element_bytes(result_width(c))),
      std::max(a.max_queries * longest, std::int64_t{a.max_tokens} * output));
  row("position rows", "read", base_alignment, "as the query rows, or the rows of the dense job",
      a.max_queries * longest);
  row("residual rows", "read", base_alignment, fmt::format("rows * stride of the outputs, stride >= {}", output),
      std::int64_t{a.max_queries} * output);
  return text;
}

/// Lines of SDC to start from.
/// The number of a sample.
std::string sample_text(const Attention& a) {
  if (!a.uneven_points()) return fmt::format("((head * {}) + level) * {} + point", a.levels, a.points);
  std::vector<int> before;
  for (int l = 0; l < a.levels; ++l) before.push_back(a.first_point(l));
  return fmt::format("head * {} + first + point, first being {} for levels 0 to {},", a.samples_per_head(),
                     fmt::join(before, ", "), a.levels - 1);
}

/// At which place a sample is among those of a query.
std::string place_text(const Config& c) {
  const int lanes = c.core.lanes(), inner = c.core.level_lanes, of_lane = c.attention.samples_per_query() / lanes,
            levels = lane_levels(c), heads = c.attention.heads / c.core.head_lanes;
  if (inner == 1)
    return fmt::format("(sample mod {0}) * {1} + sample / {0}, which for one lane is its number", of_lane, lanes);
  return fmt::format(
      "n * {} + lane, where lane = head / {} * {} + level / {} and n = ((head mod {}) * {} + level mod {}) * {} + "
      "point",
      lanes, heads, inner, levels, heads, levels, levels, c.attention.points);
}

}  // namespace

std::string integration_page(const Config& c, const Json& manifest, const std::string& prefix) {
  const auto& i = c.implementation;
  return fmt::format(
      fmt::runtime(emit::template_text("integration")), fmt::arg("name", c.name),
      fmt::arg("top", manifest["top"].get<std::string>()), fmt::arg("ports", port_table(manifest["ports"])),
      fmt::arg("reset", reset_text(i)), fmt::arg("test_mode", has_test_mode(i) ? test_mode_text : ""),
      fmt::arg("data_bits", c.memory.data_bits), fmt::arg("address_bits", c.memory.address_bits),
      fmt::arg("max_burst", max_burst), fmt::arg("open", open_table(c)), fmt::arg("open_writes", most_open_writes(c)),
      fmt::arg("depth", c.gemm.depth), fmt::arg("columns", c.gemm.columns),
      fmt::arg("most_panel_tiles", most_panel_tiles(c)), fmt::arg("weight_words", weight_words(c)),
      fmt::arg("half_weight_words", weight_words(c) / 2), fmt::arg("aligned_tiles", aligned_tiles(c)),
      fmt::arg("place", place_text(c)), fmt::arg("samples", c.attention.samples_per_query()),
      fmt::arg("sample", sample_text(c.attention)), fmt::arg("anchor", c.attention.anchors > 1 ? "[anchor]" : ""),
      fmt::arg("logit_tiles", logit_tiles(c)), fmt::arg("offset_tiles", offset_tiles(c)),
      fmt::arg("together", Shapes(c).requant_columns()), fmt::arg("beside", Shapes(c).weight_columns()),
      fmt::arg("weight_bits", Shapes(c).weight_bits()), fmt::arg("tensors", tensor_table(c)),
      fmt::arg("network", network_text(c)), fmt::arg("image", image_table(Shapes(c))),
      fmt::arg("memories", memory_table(manifest["memories"])), fmt::arg("gates", gate_text(manifest["gates"], i)),
      fmt::arg("prefix", prefix), fmt::arg("upper", hdl::upper(prefix)));
}

}  // namespace quillgen::accel
