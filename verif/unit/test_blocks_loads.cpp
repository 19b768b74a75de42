// What a job reads beside its descriptor: what is asked for, in which order, and where it goes.
#include "accel/host/job.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;

namespace {

struct Table {
  std::string name;
  int bits, banks, words, first;  ///< first: its first word in the memory
};

/// Tables of the parameter image of an attention layer: those of the panel, or the others.
std::vector<Table> image_tables(const Config& c, const accel::Shapes& s, bool panel) {
  const auto& a = c.attention;
  const int steps = gemm_steps(c, a.embed_dim), requant = s.requant_columns() * 54,
            weights = s.weight_columns() * c.gemm.depth * s.weight_bits(), value = value_tiles(c),
            query = query_tiles(c), lanes = c.core.lanes(), units = head_requant_units(c),
            columns = c.core.projection_columns, groups = divide_up(a.embed_dim, columns);
  if (panel)
    return {{"gemm_requant", requant, s.requant_banks(), value, 0},
            {"gemm_weights", weights, s.weight_banks(), value * steps, 0}};
  return {
      {"gemm_requant", requant, s.requant_banks(), query, value},
      {"gemm_weights", weights, s.weight_banks(), query * steps, value * steps},
      {"head_requant", units * 22, lanes, a.embed_dim / lanes / units, 0},
      {"output_weights", a.head_dim() * c.numerics.output_weight_bits, lanes * columns, a.heads / lanes * groups, 0},
      {"output_requant", 54, columns, groups, 0}};
}

/// With an epilogue: gamma and beta of the channels of a beat in each word.
Table norm_table(const Config& c) {
  const int unit = c.memory.data_bits / 8 / element_bytes(result_width(c));
  return {"norm_table", unit * 48, 1, c.attention.embed_dim / unit, 0};
}

std::int64_t beats_of(const std::vector<Table>& tables, int beat_bits) {
  std::int64_t beats = 0;
  for (const Table& t : tables) beats += std::int64_t{divide_up(t.bits, beat_bits)} * t.banks * t.words;
  return beats;
}

}  // namespace

TEST_CASE("parameter_loader: every entry of panels and of the rest in its table") {
  for_all("parameter_loader", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_parameter_loader);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    Random random(options.seed);
    const int beat_bits = config.memory.data_bits;
    struct Write {
      std::string table;
      std::uint64_t bank, address;
      std::vector<std::uint64_t> data;
      bool operator==(const Write&) const = default;
    };
    std::vector<Write> wanted, got;
    const bool epilogue = config.network.epilogue != 0;
    for (const auto* port : {"start_panel", "start_rest", "beat_valid"}) sim.set(port, 0);
    if (epilogue) sim.set("start_norm", 0), sim.set("norm", 0);
    bench.on_cycle([&](auto& now) {
      std::vector<std::string> names = {"gemm_requant", "gemm_weights", "head_requant", "output_weights",
                                        "output_requant"};
      if (epilogue) names.emplace_back("norm_table");
      for (const auto& name : names)
        if (now.get(fmt::format("{}_enable", name)) != 0)
          got.push_back({name, now.get(fmt::format("{}_bank", name)), now.get(fmt::format("{}_address", name)),
                         now.get_wide(now.port(fmt::format("{}_data", name)))});
    });
    const auto give = [&](const BitVector& data) {
      while (random.chance(options.stall_percent)) bench.run_cycles(1);
      sim.set_wide(sim.port("beat"), data.words());
      pulse(bench, "beat_valid");
    };
    const auto load = [&](const std::vector<Table>& tables) {
      wanted.clear(), got.clear();
      for (const Table& t : tables)
        for (int w = 0; w < t.words; ++w)
          for (int bank = 0; bank < t.banks; ++bank) {
            BitVector entry;
            for (int beat = 0; beat < divide_up(t.bits, beat_bits); ++beat) {
              BitVector all;  // what pads the entry is not looked at
              for (int bit = 0; bit < beat_bits; ++bit) {
                const auto value = random.in(0, 1);
                all.add(value, 1);
                if (beat * beat_bits + bit < t.bits) entry.add(value, 1);
              }
              give(all);
            }
            wanted.push_back({t.name, static_cast<unsigned>(bank), static_cast<unsigned>(t.first + w), entry.words()});
          }
      give(BitVector().add(0, beat_bits)), give(BitVector().add(0, beat_bits));  // of nobody
      CHECK(got == wanted);
    };
    const auto panel = [&](std::vector<Table> tables, bool upper) {
      if (upper) tables[0].first = requant_words(config) / 2, tables[1].first = weight_words(config) / 2;
      sim.set("panel_entries", static_cast<unsigned>(tables[0].words));
      sim.set("panel_words", static_cast<unsigned>(tables[1].words));
      sim.set("upper_half", upper);
      pulse(bench, "start_panel");
      load(tables);
    };
    const auto of_layer = image_tables(config, block.s, true);
    panel(of_layer, false);
    for (int i = 0; i < 4; ++i) {  // of a dense job
      auto tables = of_layer;
      tables[0].words = static_cast<int>(random.in(1, std::min(9, requant_words(config) / 2)));
      tables[1].words = static_cast<int>(random.in(1, std::min(9, weight_words(config) / 2)));
      panel(tables, i % 2 != 0);
    }
    const auto rest = [&](bool norm) {
      auto tables = image_tables(config, block.s, false);
      if (norm) tables.push_back(norm_table(config));
      if (epilogue) sim.set("norm", norm);
      pulse(bench, "start_rest");
      load(tables);
    };
    rest(false);
    if (!epilogue) return;
    rest(true);
    for (int i = 0; i < 2; ++i) {  // of a dense job
      panel(of_layer, false);
      pulse(bench, "start_norm");
      load({norm_table(config)});
    }
    rest(false);
  });
}

TEST_CASE("job_loads: panels in alternating halves, then mask, then the rest") {
  for_all("job_loads", [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_job_loads);
    StreamBench bench(block.module, options);
    auto& sim = bench.interpreter();
    const auto& s = block.s;
    Random random(options.seed);
    const int beat_bits = config.memory.data_bits, beat = beat_bits / 8;
    for (const auto* port : {"taken", "run_begins", "beat_valid"}) sim.set(port, 0);
    const bool programs = config.network.epilogue != 0;
    if (programs) sim.set("descriptor_ok", 0), sim.set("attending", 0);
    enum class Kind { panel, mask, padding, rest, norm };
    const bool epilogue = config.network.epilogue != 0, counts = config.pruning.count_bits > 0;
    struct Load {
      Kind kind;
      std::uint64_t address, beats;
      std::int64_t tiles = 0;  // of a panel
    };
    for (int job = 0; job < (epilogue ? 16 : 8); ++job) {
      const bool norm = epilogue && random.chance(50), dense = job % 2 != 0, given = !dense && random.chance(30),
                 masked = !dense && !given && random.chance(60), padded = counts && !dense && random.chance(60);
      const auto inner = random.in(1, dense ? config.gemm.max_inner : config.attention.embed_dim);
      const int steps = gemm_steps(config, static_cast<int>(inner)),
                most = std::max(1, std::min(most_panel_tiles(config), weight_words(config) / 2 / steps));
      const std::int64_t panel_tiles = dense ? random.in(1, most) : value_tiles(config),
                         tiles = dense && !norm ? random.in(1, 5 * panel_tiles) : panel_tiles,
                         panels = given ? 0 : (tiles + panel_tiles - 1) / panel_tiles, tile_beats = random.in(1, 9),
                         tokens = random.in(1, config.attention.max_tokens),
                         output_panel = random.in(1, (1 << std::min(6, accel::WriteRequest::longest(s))) - 1),
                         output_beats =
                             std::max<std::int64_t>(panels - 1, 0) * output_panel + random.in(1, output_panel);
      const auto parameters = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64,
                 mask = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64,
                 output = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64,
                 padding = static_cast<std::uint64_t>(random.in(0, 1 << 20)) * 64;
      const auto field = [&](const char* name, std::uint64_t value) { sim.set(fmt::format("job_{}", name), value); };
      field("dense", dense), field("masked", masked), field("map_given", given);
      field("parameter_address", parameters), field("mask_address", mask), field("output_address", output);
      field("tokens", static_cast<std::uint64_t>(tokens)), field("last_step", static_cast<unsigned>(steps - 1));
      field("tiles", static_cast<std::uint64_t>(tiles)), field("panel_tiles", static_cast<std::uint64_t>(panel_tiles));
      field("tile_beats", static_cast<std::uint64_t>(tile_beats));
      field("output_beats", static_cast<std::uint64_t>(dense ? output_beats : 1));
      field("panel_output_beats", static_cast<std::uint64_t>(output_panel));
      if (epilogue) field("norm", norm);
      if (counts) field("padded", padded), field("padding_address", padding);
      std::vector<Load> loads;
      auto next = parameters;
      for (auto left = panels > 0 ? tiles : 0; left > 0; left -= panel_tiles) {
        const auto now = std::min(left, panel_tiles);
        loads.push_back({Kind::panel, next, static_cast<std::uint64_t>(now * tile_beats), now});
        next += loads.back().beats * static_cast<unsigned>(beat);
      }
      if (masked)
        loads.push_back({Kind::mask, mask, static_cast<std::uint64_t>(divide_up(static_cast<int>(tokens), beat))});
      if (padded)
        loads.push_back(
            {Kind::padding, padding, static_cast<std::uint64_t>(divide_up(static_cast<int>(tokens), beat))});
      if (given) next += static_cast<std::uint64_t>(beats_of(image_tables(config, s, true), beat_bits) * beat);
      auto rest = dense ? std::vector<Table>() : image_tables(config, s, false);
      if (norm) rest.push_back(norm_table(config));
      if (!rest.empty())
        loads.push_back({dense ? Kind::norm : Kind::rest, next, static_cast<std::uint64_t>(beats_of(rest, beat_bits))});

      std::size_t asked = 0, complete = 0;  // loads
      std::int64_t loaded = 0, begun = 0;   // panels
      std::uint64_t left = 0;               // beats of the load in work
      bool started = false;
      bench.on_cycle([&](auto& now) {
        if (!started) return;
        const bool asks = now.get("request_valid") != 0 && now.get("request_ready") != 0;
        const auto starts = [&](Kind k) { return asks && asked < loads.size() && loads[asked].kind == k; };
        CHECK(now.get("start_panel") == starts(Kind::panel));
        CHECK(now.get("start_mask") == starts(Kind::mask));
        if (counts) CHECK(now.get("start_padding") == starts(Kind::padding));
        CHECK(now.get("start_rest") == starts(Kind::rest));
        if (epilogue) {
          CHECK(now.get("start_norm") == starts(Kind::norm));
          CHECK(now.get("norm_wanted") == (dense && now.get("rest_wanted") != 0));
        }
        CHECK(now.get("panels_left") == (begun < panels));
        // Loaded is what all beats have come of, and no run has begun with.
        if (now.get("panel_loaded") != 0) CHECK(loaded > begun);
        if (complete < loads.size() && left > 0) {
          const Load& l = loads[complete];
          CHECK(now.get("to_mask") == (l.kind == Kind::mask));
          if (counts) CHECK(now.get("to_padding") == (l.kind == Kind::padding));
          CHECK(now.get("to_tables") == (l.kind != Kind::mask && l.kind != Kind::padding));
          if (l.kind == Kind::padding) CHECK(now.get("rest_wanted") == 1);
          if (l.kind == Kind::panel || l.kind == Kind::mask) CHECK(now.get("rest_wanted") == !rest.empty());
          if (l.kind == Kind::mask) CHECK(now.get("mask_wanted") == 1);
          if (l.kind == Kind::panel) {
            CHECK(now.get("upper_half") == (loaded % 2 != 0));
            CHECK(now.get("panel_entries") == static_cast<std::uint64_t>(l.tiles));
            CHECK(now.get("panel_words") == static_cast<std::uint64_t>(l.tiles * steps));
            CHECK(now.get("panel_loaded") == 0);
            CHECK(loaded == begun);
          }
        } else {
          CHECK((now.get("to_mask") == 0 || left == 0));
        }
        const bool comes = left > 0 && !random.chance(options.stall_percent);
        now.set("beat_valid", comes);
        left -= comes;
        if (comes && left == 0) loaded += loads[complete].kind == Kind::panel, ++complete;
        if (asks) {
          REQUIRE(asked < loads.size());
          REQUIRE(asked == complete);
          CHECK(now.get("request_address") == loads[asked].address);
          CHECK(now.get("request_beats") == loads[asked].beats);
          left = loads[asked++].beats;
        }
      });
      if (programs) sim.set("descriptor_ok", 1);
      pulse(bench, "taken");
      if (programs) sim.set("descriptor_ok", 0);
      started = true;
      for (int limit = 0; complete < loads.size() || begun < panels; ++limit) {
        REQUIRE(limit < 20000);
        bench.run_cycles(1);
        if (sim.get("panel_loaded") == 0 || sim.get("mask_wanted") != 0 || !random.chance(5)) continue;
        pulse(bench, "run_begins");
        // What the run is told of its panel.
        const auto first = begun * panel_tiles, rest = output_beats - begun * output_panel;
        ++begun;
        CHECK(sim.get("panel_last_tile") == static_cast<std::uint64_t>(std::min(panel_tiles, tiles - first) - 1));
        CHECK(sim.get("panel_upper") == (begun % 2 == 0));
        if (!dense) continue;
        CHECK(sim.get("panel_address") == output + static_cast<std::uint64_t>((begun - 1) * output_panel * beat));
        CHECK(sim.get("panel_output_beats") == static_cast<std::uint64_t>(std::min(rest, output_panel)));
        CHECK(sim.get("panel_last") == (begun == panels));
      }
      bench.run_cycles(20);
      bench.on_cycle(nullptr);
      for (const auto* port :
           {"panel_loaded", "panels_left", "mask_wanted", "rest_wanted", "request_valid", "to_mask", "to_tables"}) {
        CAPTURE(port);
        CHECK(sim.get(port) == 0);
      }
    }
  });
}

TEST_CASE("job_loads: the first panel of the next job, where the job in work leaves room") {
  const Config config = load_preset("nano", std::vector<std::string>{"network.epilogue=true", "gemm.max_inner=128"});
  const Block block(config, accel::build_job_loads);
  struct Job {
    bool dense;
    int tiles, steps;  // of its first panel
    int words() const { return tiles * steps; }
  };
  const int half = weight_words(config) / 2,
            layer = value_tiles(config) * gemm_steps(config, config.attention.embed_dim);
  REQUIRE(layer <= half);
  const Job value{false, value_tiles(config), gemm_steps(config, config.attention.embed_dim)}, one{true, 1, 1},
      largest{true, 2, half / 2}, beyond{true, 2, half / 2 + 1};
  REQUIRE(half % 2 == 0);
  for (const Job& now : {value, one, largest, beyond})
    for (const Job& next : {value, one, largest, beyond})
      for (const bool upper : {false, true})  // the job in work has its last panel in the upper half
        for (const bool attending : {false, true}) {
          if ((attending && now.dense) || (upper && (!now.dense || now.words() > half))) continue;
          CAPTURE(now.words());
          CAPTURE(next.words());
          CAPTURE(next.dense);
          CAPTURE(upper);
          CAPTURE(attending);
          interp::Interpreter sim(block.module, 1);
          for (const auto* port : {"taken", "run_begins", "beat_valid", "descriptor_ok", "attending"}) sim.set(port, 0);
          sim.set("request_ready", 1);
          sim.set_reset(true);
          sim.step();
          sim.set_reset(false);
          const auto fields = [&](const Job& j, int tiles) {
            for (const auto* name : {"masked", "map_given", "norm"}) sim.set(fmt::format("job_{}", name), 0);
            sim.set("job_dense", j.dense), sim.set("job_last_step", static_cast<unsigned>(j.steps - 1));
            sim.set("job_tiles", static_cast<unsigned>(tiles)),
                sim.set("job_panel_tiles", static_cast<unsigned>(j.tiles));
            sim.set("job_tile_beats", 1), sim.set("job_parameter_address", 0x4000), sim.set("job_output_address", 0);
            sim.set("job_output_beats", 1), sim.set("job_panel_output_beats", 1), sim.set("job_tokens", 1);
          };
          const auto pulse_of = [&](const char* port) { sim.set(port, 1), sim.step(), sim.set(port, 0); };
          // Gives what is asked for, if anything is within a few cycles.
          const auto load = [&] {
            for (int i = 0; i < 10; ++i, sim.step())
              if (sim.get("request_valid") != 0) {
                const bool in_upper = sim.get("upper_half") != 0;
                auto beats = sim.get("request_beats");
                sim.step();
                CHECK(sim.get("upper_half") == in_upper);
                for (sim.set("beat_valid", 1); beats > 0; --beats) sim.step();
                sim.set("beat_valid", 0);
                sim.step(), sim.step();
                return in_upper ? 1 : 0;
              }
            return -1;
          };
          fields(now, upper ? 2 * now.tiles : now.tiles);
          sim.set("descriptor_ok", 1), pulse_of("taken"), sim.set("descriptor_ok", 0);
          REQUIRE(load() == 0);
          if (!now.dense) REQUIRE(load() == 0);  // the rest
          CHECK(sim.get("all_loaded") == 0);
          pulse_of("run_begins");
          if (upper) {
            REQUIRE(load() == 1);
            pulse_of("run_begins");
          }
          CHECK(sim.get("panel_upper") == upper);
          CHECK(sim.get("all_loaded") == 1);
          sim.set("attending", attending);
          fields(next, next.tiles);
          sim.set("descriptor_ok", 1);
          const bool fits_half = next.words() <= half, beside = now.dense && now.words() <= half && fits_half;
          const bool room =
              attending ? next.words() <= layer && next.tiles <= value_tiles(config) : beside && (next.dense || upper);
          const int where = attending || !next.dense || upper ? 0 : 1;
          CHECK(load() == (room ? where : -1));
          for (const auto* port : {"panel_loaded", "panels_left", "rest_wanted", "all_loaded"}) {
            CAPTURE(port);
            CHECK(sim.get(port) == 0);
          }
          // In its turn it begins with what is there; what is not is loaded now, into the lower half.
          pulse_of("taken"), sim.set("descriptor_ok", 0), sim.set("attending", 0);
          CHECK(sim.get("panel_loaded") == room);
          if (!room) REQUIRE(load() == 0);
          CHECK(sim.get("panel_loaded") == 1);
          CHECK(sim.get("rest_wanted") == !next.dense);
          pulse_of("run_begins");
          CHECK(sim.get("panel_upper") == (room && where == 1));
        }
}
