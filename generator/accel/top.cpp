// The top: host interface, job control, memory clients and the core.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "accel/host/job.hpp"
#include "accel/host/parameter_loader.hpp"
#include "accel/host/registers.hpp"
#include "accel/order/order.hpp"
#include "lib/choose.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

constexpr int features = static_cast<int>(Client::feature);  // first of the clients that read features
constexpr int load_bits = 32;                                // of a number of beats that the job reader reads

// The blocks of the top and what several of them read. Each function makes the blocks of a section of the file and
// connects them with those before.
struct Top {
  Design& d;
  Module& m;
  const Shapes& s;
  const Config& c = s.config;
  const bool gated = c.implementation.clock_gating != 0;

  Instance registers = {}, control = {}, job_reader = {}, fetch = {}, descriptor = {}, held = {}, loads = {},
           loader = {}, gemm = {}, order = {}, reference = {}, core = {}, rows = {}, epilogue = {}, pixels = {},
           writer = {}, port = {};
  Bool job_reset = {}, setup_clock = {}, work_clock = {};
  JobFields job = JobFields(s);
  LevelShapes levels = LevelShapes(s);
  Stream<UInt> job_beat = {};
  Bool accepted = {}, run_start = {}, attending = {};
  Bool of_map = {};         // the array projects tokens
  Bool refines_boxes = {};  // with an epilogue
  Bool begin_order = {};    // of a layer: the queries are sorted while weights are loaded and values projected
  Bool freed = {};
  std::vector<Bool> data_valid = {};  // a beat for this client
  Bool feature_valid = {};            // .. for one of those that read features
  Bool rows_valid = {};               // .. of a row, its position or its residual

  // A block that is reset with the job ..
  Instance in_job(const std::string& name, const Module& block) {
    Instance u(m, name, block);
    u.reset(job_reset);
    return u;
  }
  // .. and whose clock stands still while no job needs it.
  Instance in_job(const std::string& name, const Module& block, const Bool& clock) {
    Instance u = in_job(name, block);
    if (gated) u.clock_enable(clock);
    return u;
  }
  // The streams of the lanes to memory: features by demand, if there is any, then of regions, fetched ahead.
  bool by_demand(int feature) const { return s.has_demand() && feature < s.lanes(); }
  std::string burst_of(int feature) const {
    return fmt::format("{}_burst_{}", by_demand(feature) ? "feature" : "region", feature % s.lanes());
  }
  UInt number(std::uint64_t value, int bits) const { return UInt::constant(m, value, bits); }
  // Of an AXI transfer: the whole width of the bus.
  UInt beat_size() const {
    return number(static_cast<std::uint64_t>(std::countr_zero(static_cast<unsigned>(s.data_bytes()))), 3);
  }
  UInt pick(const Bool& condition, int then, const UInt& otherwise) const {
    return mux(condition, number(static_cast<std::uint64_t>(then), otherwise.width()), otherwise);
  }

  void parameters();
  void host();
  void job_queue();
  void job_reading();
  void job_description();
  void hold_job();
  void array();
  void query_order();
  void attention();
  void core_inputs();
  void stream_rows();
  void outputs();
  void row_epilogue();
  void pixel_mask();
  void to_writer(Stream<WriteRequest> request, Stream<UInt> beat);
  void read_channels();
  void write_channels();
  void watch();
  void counters();
  void stopped_clocks();
};

void Top::parameters() {
  for (auto [key, value] : {std::pair{"embed_dim", s.a.embed_dim},
                            {"heads", s.a.heads},
                            {"levels", s.a.levels},
                            {"points", s.a.points},
                            {"max_width", s.a.max_width},
                            {"max_height", s.a.max_height},
                            {"max_queries", s.a.max_queries},
                            {"gemm_rows", c.gemm.rows},
                            {"gemm_columns", c.gemm.columns},
                            {"gemm_depth", c.gemm.depth},
                            {"lanes", s.lanes()},
                            {"projection_columns", c.core.projection_columns},
                            {"bucket_bits", c.order.bucket_bits},
                            {"window", c.order.window},
                            {"cache_kilobytes", c.feature_cache.kilobytes},
                            {"cache_ways", c.feature_cache.ways},
                            {"run_ahead", c.feature_cache.run_ahead},
                            {"data_bits", s.data_bits()},
                            {"address_bits", s.address_bits()}})
    m.parameter(key, value);
}

void Top::host() {
  m.note("Host: AXI4-Lite slave.");
  registers = Instance(m, "registers", build_registers(d, s));
  const auto pass = [&](std::initializer_list<const char*> ports) {
    for (const char* name : ports) registers.pass(name, fmt::format("s_axil_{}", name));
  };
  pass({"awvalid", "awready", "awaddr", "wvalid", "wready", "wdata", "wstrb", "bvalid", "bready"});
  output(m, "s_axil_bresp", number(0, 2));
  pass({"arvalid", "arready", "araddr", "rvalid", "rready", "rdata"});
  output(m, "s_axil_rresp", number(0, 2));
  registers.pass("irq");
}

void Top::job_queue() {
  m.note("Queue of jobs. A start is refused while it is full, and while the memory port is quarantined.");
  control = Instance(m, "job_control", build_job_control(d, s));
  Bool start = registers.out<Bool>("start"), quarantined = control.out<Bool>("quarantined");
  auto ready = ready_wire(m, "queue_ready");
  auto jobs = lib::fifo(d, m, "jobs", Stream<UInt>{registers.out<UInt>("descriptor"), start & ~quarantined, ready},
                        queued_jobs);
  registers.in("event_refused", start & (quarantined | ~ready));
  registers.in("queue_full", ~ready), registers.in("queue_empty", ~jobs.valid);
  control.in_stream("job", jobs);
}

void Top::job_reading() {
  m.note("Job control and the reader of descriptor and parameters.");
  control.connect({"soft_reset", "abort", "failure_pending"}, registers);
  registers.connect(
      {"done", "failed", "event_done", "event_failed", "job_ended", "quarantined", "error", "error_detail"}, control);
  registers.connect("busy", control, s.has_epilogue() ? "in_program" : "busy");
  if (s.has_epilogue()) {
    registers.connect({"waiting", "event_step"}, control);
    control.connect("resume", registers);
  }
  job_reset = control.out<Bool>("job_reset");
  if (gated) setup_clock = control.out<Bool>("setup_clock"), work_clock = control.out<Bool>("work_clock");
  job_reader = in_job("job_reader", build_burst_reader(d, s, "job", load_bits, job_buffer_beats(c)), setup_clock);
  fetch = in_job("descriptor_fetch", build_descriptor_fetch(d, s));
  job_beat = job_reader.out_stream<UInt>("beat");
  job_beat.ready.drive(true);
}

void Top::job_description() {
  m.note("The descriptor, and what else is read by the job reader.");
  fetch.connect("wanted", control, "descriptor_wanted"), fetch.connect("address", control, "descriptor_address");
  fetch.connect("in_turn", control), fetch.in("beat_valid", job_beat.valid);
  descriptor = Instance(m, "job_descriptor", build_job_descriptor(d, s));
  descriptor.connect("job_begins", fetch, "begins");
  descriptor.connect("beat_valid", fetch, "to_descriptor"), descriptor.in("beat", job_beat.data);
  descriptor.connect("check", fetch);
  fetch.connect({"complete", "checked"}, descriptor);
  control.connect("descriptor_ready", fetch, "ready");
  control.connect({"verdict", "bad_word"}, descriptor);
  if (s.has_epilogue()) hold_job();
  else job = descriptor.out("job", JobFields(s)), levels = descriptor.out("levels", LevelShapes(s));
  registers.connect("job_id", s.has_epilogue() ? held : descriptor);
  control.in("dense", job.dense), control.in("map_given", job.map_given);
  accepted = control.out<Bool>("accepted");

  loads = in_job("job_loads", build_job_loads(d, s), setup_clock);
  const LoadFields wanted = descriptor.out("loads", LoadFields(s));
  loads.in("job", wanted);
  loads.connect({"taken", "run_begins"}, control);
  loads.in("beat_valid", job_beat.valid);
  control.connect({"panel_loaded", "panels_left", "mask_wanted", "rest_wanted"}, loads);
  if (s.has_epilogue()) {
    loads.connect({"descriptor_ok", "attending"}, control);
    control.connect("all_loaded", loads);
  }
  auto descriptor_request = fetch.out_stream("request", ReadRequest(s, load_bits)),
       loads_request = loads.out_stream("request", ReadRequest(s, load_bits));
  job_reader.in_stream("request",
                       lib::choose(m, "job_request", fetch.out<Bool>("asking"), descriptor_request, loads_request));
  loader = in_job("parameter_loader", build_parameter_loader(d, s), setup_clock);
  loader.connect({"start_panel", "start_rest", "upper_half", "panel_entries", "panel_words"}, loads);
  if (s.has_epilogue()) loader.connect("start_norm", loads), loader.in("norm", *wanted.norm);
  loader.in("beat_valid", loads.out<Bool>("to_tables") & job_beat.valid), loader.in("beat", job_beat.data);
}

// Of a program: the job in work stays, while the descriptor of the next one is read.
void Top::hold_job() {
  control.in("next", descriptor.out("next", NextJob(s)));
  control.connect("ahead", fetch);
  held = Instance(m, "job_in_work", build_job_in_work(d, s));
  held.connect({"take", "in_turn"}, control);
  held.connect("next_id", descriptor, "job_id");
  held.in("next_job", descriptor.out("job", JobFields(s)));
  held.in("next_levels", descriptor.out("levels", LevelShapes(s)));
  for (int l = 0; l < s.a.levels; ++l)
    held.connect(fmt::format("next_start_{}", l), descriptor, fmt::format("start_{}", l));
  job = held.out("job", JobFields(s)), levels = held.out("levels", LevelShapes(s));
  const Bool completed = control.out<Bool>("completed");
  m.add_tap({"job", completed.id(), completed.id(), {{"id", held.out<UInt>("job_id").id()}}});  // for the harness
  refines_boxes =
      (job.dense & (job.network->format == static_cast<std::uint64_t>(ResultFormat::boxes))).named("refines_boxes");
}

void Top::array() {
  m.note("Runs of the PE array: tokens to the value map, queries to the lanes, rows of a dense job to memory.");
  run_start = control.out<Bool>("start"), attending = control.out<Bool>("attending");
  of_map = (~attending & ~job.dense).named("of_map");
  const Panel panel = loads.out("panel", Panel(s));
  const auto tables = parameter_tables(s);
  const auto half = [&](int words, int bits) { return pick(panel.upper, words / 2, number(0, bits)); };
  GemmRun run(s);
  run.query = attending, run.dense = job.dense;
  if (s.has_epilogue()) run.gathers = (job.dense & job.listed).named("gathers");
  run.last_step = job.last_step;
  run.last_tile = pick(attending, query_tiles(c) - 1, panel.last_tile);
  run.first_weight = pick(attending, tables[1].words, half(weight_words(c), s.weight_address_bits()));
  run.first_entry = pick(attending, tables[0].words, half(requant_words(c), s.requant_address_bits()));
  gemm = in_job("gemm", build_gemm_unit(d, s), work_clock);
  gemm.in("start", run_start), gemm.in("run", run);
  gemm.in("masked", job.masked), gemm.in("levels", levels), gemm.in("relu", job.relu);
  gemm.in("source_address", job.source_address), gemm.in("source_stride", job.source_stride);
  gemm.connect("mask_start", loads, "start_mask");
  gemm.in("mask_valid", loads.out<Bool>("to_mask") & job_beat.valid), gemm.in("mask_beat", job_beat.data);
  gemm.in("rows", job.queries), gemm.in("row_address", job.query_address), gemm.in("row_stride", job.query_stride);
  UInt query_beats = number(static_cast<std::uint64_t>(query_row_beats(c)), job.row_beats.width());
  if (s.has_epilogue()) query_beats = pick(job.network->stream_queries, s.stream_row_beats(), query_beats);
  gemm.in("row_beats", mux(attending, query_beats, job.row_beats));
  gemm.in("row_tail", job.row_tail);
  gemm.connect("weights", loader, "gemm_weights"), gemm.connect("requant", loader, "gemm_requant");
  gemm.in("map_address", job.value_address);
  gemm.in("output_address", panel.address), gemm.in("output_stride", job.output_stride);
  gemm.in("output_row_beats", panel.output_beats);
  gemm.in("last_panel", panel.last), gemm.in("tail", job.tail);
  if (s.has_epilogue()) stream_rows();
}

// What the array is told of rows of the stream, and of results.
void Top::stream_rows() {
  const NetworkFields& n = *job.network;
  gemm.in("formed", mux(of_map, n.stream_sources, n.stream_queries));
  gemm.in("with_position", n.position & ~of_map);
  gemm.in("position_address", n.position_address);
  gemm.in("scale", mux(of_map, n.source_operand, n.query_operand));
  gemm.in("format", n.format), gemm.in("norm", n.norm);
  if (s.has_activations()) gemm.in("activation", *n.activation), gemm.in("activation_scale", *n.activation_scale);
  if (!s.has_self()) return;
  gemm.in("self", *job.self), gemm.in("key_address", job.source_address), gemm.in("key_stride", job.source_stride);
}

void Top::query_order() {
  m.note("Order of queries: it begins with the job, while weights are loaded and values projected.");
  begin_order = (accepted & ~job.dense).named("begin_order");
  order = in_job("order", build_query_order(d, s), work_clock);
  order.in("start", begin_order), order.in("keep", job.order_kept), order.in("count", job.queries);
  order.in("rows", job.rows), order.in("listed", s.has_epilogue() ? job.listed | job.network->scattered : job.listed),
      order.in("list_address", job.list_address);
  order.in("boxes", job.boxes), order.in("reference_address", job.reference_address);
  control.connect("bad_entry", order);
  if (c.order.bucket_bits > 0) descriptor.connect("order_held", order, "held");
  gemm.connect("query", order, "row");
  if (!s.has_epilogue()) return;
  const Bool scattered = job.network->scattered;
  order.in("dense", job.dense), order.in("gathers", job.listed), order.in("scatters", scattered);
  const NetworkFields& n = *job.network;
  order.in("once", (n.norm & (job.listed | scattered) & (n.residual_address == job.output_address)).named("in_place"));
  order.in("reference_stride", job.network->reference_stride);
  order.in("start_list", (run_start & job.dense & (job.listed | scattered)).named("start_list"));
}

void Top::attention() {
  m.note("References, core, output.");
  reference = in_job("reference_rows", build_reference_rows(d, s), work_clock);
  reference.in("start", begin_order), reference.in("queries", job.queries), reference.in("boxes", job.boxes);
  Instance planner;
  if (s.has_regions()) {
    planner = in_job("region_planner", build_region_planner(d, s), work_clock);
    planner.in("start", begin_order), planner.in("queries", job.queries), planner.in("boxes", job.boxes);
    planner.in("levels", levels);
    planner.connect("word", order);
    reference.connect("word", planner, "word_out");
  } else {
    reference.connect("word", order);
  }
  core = in_job("core", build_core(d, s), work_clock);
  core.in("clear", begin_order);  // a dense job, which may end before all tags are, reads no features
  control.connect("tags_clearing", core, "clearing");
  core.in("boxes", job.boxes), core.in("levels", levels);
  if (s.has_ranges()) core.in("ranges", *job.ranges);
  if (s.has_pruned_points()) core.in("threshold", *job.threshold);
  if (s.has_pixel_counts()) core.in("places", job.pixels->places);
  if (s.has_regions()) core.in("map_complete", attending), core.connect("region", planner, "group");
  core_inputs();
  freed = core.out<Bool>("freed");
  gemm.in("freed", freed), reference.in("freed", freed);
}

// What the core is given by the other blocks.
void Top::core_inputs() {
  for (int l = 0; l < s.a.levels; ++l) core.connect(fmt::format("start_{}", l), s.has_epilogue() ? held : descriptor);
  const auto tables = parameter_tables(s);
  for (std::size_t i = 2 * panel_tables; i < norm_table; ++i) core.connect(tables[i].name, loader);
  if (s.has_epilogue()) core.in("norm", job.network->norm);
  core.connect({"logits_valid", "offsets_valid", "sample_slot", "logits_word", "offsets_word"}, gemm);
  for (int l = 0; l < s.lanes(); ++l)
    for (const char* part : {"logits", "offsets"}) core.connect(fmt::format("{}_{}", part, l), gemm);
  core.connect("projected", gemm);
  for (const char* part : {"write_address", "write_data", "write_enable"})
    core.connect(fmt::format("reference_{}", part), reference, part);
  core.connect("references_of_group", reference, "complete");
}

void Top::outputs() {
  rows = in_job("output_rows", build_output_rows(d, s), work_clock);
  rows.in("start", (run_start & attending).named("start_attend")), rows.connect("query", order, "result");
  rows.in("address", job.output_address), rows.in("stride", job.output_stride);
  rows.connect("output", core);

  m.note("What is written: rows of outputs, or what the PE array has for memory.");
  writer = in_job("burst_writer", build_burst_writer(d, s), work_clock);
  if (s.has_epilogue()) row_epilogue();
  writer.connect("halt", control), writer.in("start", run_start);
  UInt row_runs = job.queries.extend(s.written_rows_bits());
  if (s.has_pixel_counts()) row_runs = (row_runs + job.pixels->places.counts.as_uint()).wrap(row_runs.width());
  writer.in("runs", mux(of_map, job.blocks.extend(s.written_rows_bits()), row_runs));
  control.connect("written", writer, "done");
  auto gemm_request = gemm.out_stream("request", WriteRequest(s)),
       request = rows.out_stream("request", WriteRequest(s));
  auto gemm_beat = gemm.out_stream<UInt>("beat");
  if (s.has_epilogue()) {
    // Of a dense job whose results are added to something the epilogue, or its list, knows where rows go.
    const Bool named = (attending | job.network->scattered).named("rows_are_named"),
               adds = job.network->norm | refines_boxes;
    auto map_ready = ready_wire(m, "map_request_ready"), dense_ready = ready_wire(m, "dense_request_ready");
    gemm_request.ready.drive(mux(of_map, map_ready, adds | dense_ready));
    const Stream<WriteRequest> of_dense{gemm_request.data, (gemm_request.valid & job.dense & ~adds), dense_ready};
    epilogue.in_stream("row", lib::choose(m, "row", named, request, of_dense));
    auto to_memory =
        lib::choose(m, "request", of_map, Stream<WriteRequest>{gemm_request.data, gemm_request.valid, map_ready},
                    epilogue.out_stream("request", WriteRequest(s)));
    auto gemm_word = gemm.out_stream<UInt>("word"), word = rows.out_stream<UInt>("word");
    auto chosen = lib::choose(m, "word", attending, word, gemm_word);
    const Bool holds = (~loads.out<Bool>("norm_wanted")).named("norm_loaded");  // results wait for the table of a norm
    auto normed = stream(m, "normed_word", chosen.valid & holds, chosen.data);
    chosen.ready.drive(normed.ready & holds);
    epilogue.in_stream("word", normed);
    to_writer(to_memory, lib::choose(m, "beat", of_map, gemm_beat, epilogue.out_stream<UInt>("beat")));
  } else {
    auto to_memory = lib::choose(m, "request", attending, request, gemm_request);
    auto beat = rows.out_stream<UInt>("beat");
    to_writer(to_memory, lib::choose(m, "beat", attending, beat, gemm_beat));
  }
}

// What is written, but for the mask that follows the outputs of a job which counts pixels.
void Top::to_writer(Stream<WriteRequest> request, Stream<UInt> beat) {
  if (!s.has_pixel_counts()) {
    writer.in_stream("request", request), writer.in_stream("beat", beat);
    return;
  }
  pixel_mask();
  const Bool writing = pixels.out<Bool>("writing");
  writer.in_stream("request",
                   lib::choose(m, "any_request", writing, pixels.out_stream("request", WriteRequest(s)), request));
  writer.in_stream("beat", lib::choose(m, "any_beat", writing, pixels.out_stream<UInt>("beat"), beat));
}

void Top::pixel_mask() {
  m.note("Pixels that were seldom read: their mask is written behind the outputs.");
  pixels = in_job("pixel_mask", build_pixel_mask(d, s), work_clock);
  pixels.in("start", run_start & attending);
  pixels.in("job", *job.pixels), pixels.in("levels", levels);
  pixels.connect("runs_left", writer);
  pixels.connect("padding_start", loads, "start_padding");
  pixels.in("padding_valid", loads.out<Bool>("to_padding") & job_beat.valid), pixels.in("padding_beat", job_beat.data);
  core.connect("count_read", pixels, "read");
  for (int l = 0; l < s.head_lanes(); ++l) pixels.connect(fmt::format("counts_{}", l), core);
}

void Top::row_epilogue() {
  const NetworkFields& n = *job.network;
  epilogue = in_job("row_epilogue", build_row_epilogue(d, s), work_clock);
  // The value map is written before; its rows have no epilogue.
  epilogue.in("start", (run_start & ~of_map).named("start_rows"));
  epilogue.in("norm", n.norm & ~of_map), epilogue.in("boxes", refines_boxes),
      epilogue.in("in_order", job.dense & ~n.scattered);
  epilogue.in("rows", job.queries);
  epilogue.in("address", job.output_address), epilogue.in("residual", n.residual_address);
  epilogue.in("stride", job.output_stride);
  epilogue.connect("table", loader, "norm_table");
  epilogue.in("epsilon", n.epsilon), epilogue.in("norm_shift", n.norm_shift);
}

void Top::read_channels() {
  m.note("Memory: AXI4 master, read channels.");
  port = Instance(m, "read_port", build_read_port(d, s));
  port.connect("halt", control);
  port.connect("client_0", job_reader, "burst");
  port.connect("client_1", gemm, "burst");
  port.connect("client_2", order, "reference_burst");
  port.connect("client_3", order, "list_burst");
  for (int i = 0; i < feature_ids(c); ++i) port.connect(fmt::format("client_{}", features + i), core, burst_of(i));
  if (s.has_epilogue()) {
    port.connect(fmt::format("client_{}", s.position_client()), gemm, "position_burst");
    port.connect(fmt::format("client_{}", s.residual_client()), epilogue, "burst");
  }
  const auto pass = [&](std::initializer_list<const char*> ports) {
    for (const char* name : ports) port.pass(name, fmt::format("m_axi_{}", name));
  };
  pass({"arvalid", "arready", "arid", "araddr", "arlen"});
  output(m, "m_axi_arsize", beat_size());
  output(m, "m_axi_arburst", number(1, 2));
  pass({"rvalid"});
  output(m, "m_axi_rready", Bool::constant(m, true));
  pass({"rid"});
  UInt rdata = input(m, "m_axi_rdata", UInt(s.data_bits()));
  pass({"rresp", "rlast"});
  for (int i = 0; i < s.clients(); ++i) data_valid.push_back(port.out<Bool>(fmt::format("data_valid_{}", i)));
  job_reader.in("data", rdata), job_reader.in("data_valid", data_valid[0]);
  gemm.in("data", rdata), gemm.in("data_valid", data_valid[1]);
  order.in("data", rdata), order.in("reference_valid", data_valid[2]), order.in("list_valid", data_valid[3]);
  core.in("feature_data", rdata);
  feature_valid = data_valid[features];
  for (int i = 0; i < feature_ids(c); ++i) {
    const Bool valid = data_valid[static_cast<std::size_t>(features + i)];
    core.in(fmt::format("{}_valid_{}", by_demand(i) ? "feature" : "region_data", i % s.lanes()), valid);
    if (i > 0) feature_valid = feature_valid | valid;
  }
  rows_valid = data_valid[1];
  if (s.has_epilogue()) {
    const Bool position = data_valid[static_cast<std::size_t>(s.position_client())],
               residual = data_valid[static_cast<std::size_t>(s.residual_client())];
    gemm.in("position_valid", position);
    epilogue.in("data", rdata), epilogue.in("data_valid", residual);
    rows_valid = rows_valid | position | residual;
  }
  control.connect("read_error", port, "error");
  control.pass("read_client", "m_axi_rid"), control.pass("read_response", "m_axi_rresp");
}

void Top::write_channels() {
  m.note("Memory: AXI4 master, write channels.");
  const auto pass = [&](std::initializer_list<const char*> ports) {
    for (const char* name : ports) writer.pass(name, fmt::format("m_axi_{}", name));
  };
  pass({"awvalid", "awready"});
  output(m, "m_axi_awid", number(0, s.axi_id_bits()));
  pass({"awaddr", "awlen"});
  output(m, "m_axi_awsize", beat_size());
  output(m, "m_axi_awburst", number(1, 2));
  pass({"wvalid", "wready", "wdata"});
  output(m, "m_axi_wstrb", number(mask(s.data_bytes()), s.data_bytes()));
  pass({"wlast", "bvalid"});
  output(m, "m_axi_bready", Bool::constant(m, true));
  pass({"bid", "bresp"});
  control.connect("write_error", writer, "error");
  control.pass("write_response", "m_axi_bresp");
}

void Top::watch() {
  m.note("Is the port quiet, has it stood still for too long?");
  Instance u(m, "bus_watch", build_bus_watch(d));
  u.connect("timeout", registers);
  for (Instance* side : {&u, &control})
    side->connect("reads_waiting", port, "waiting"), side->connect("writes_waiting", writer, "waiting");
  u.in("progress", port.out<Bool>("progress") | writer.out<Bool>("progress"));
  control.connect({"expired", "quiet"}, u);
}

void Top::counters() {
  m.note("Counters.");
  Instance u(m, "counters", build_counters(d, s));
  u.connect("clear", control, s.has_epilogue() ? "begin_program" : "begin_job");
  if (s.has_epilogue()) u.connect("job_begins", control, "begin_job");
  u.connect("busy", control);
  u.connect("in_setup_phase", control, "setup");
  u.connect("in_project_phase", control, "in_project");
  u.in("of_map", of_map), u.in("queries", job.queries);
  u.connect("order_late", order, "late");
  u.connect("gemm_moves", gemm, "busy");
  u.connect("gemm_waits_for_room", gemm, "waits_for_room");
  for (int l = 0; l < s.lanes(); ++l)
    for (const char* event : {"sample_taken", end_of_query(s), "lane_blocked", "feature_missing", "hits", "misses"})
      u.connect(fmt::format("{}_{}", event, l), core);
  static const char* const sources[] = {"job", "rows", "reference", "list"};
  for (std::size_t i = 0; i < std::size(sources); ++i)
    u.in(fmt::format("beat_{}", sources[i]), i == 1 ? rows_valid : data_valid[i]);
  u.in("beat_feature", feature_valid);
  u.connect("beat_written", writer, "beat_sent");
  for (const char* counter : counter_names) registers.connect(fmt::format("counter_{}", counter), u, counter);
}

// A block whose clock stands still would miss what it is given, and repeat what it gives.
void Top::stopped_clocks() {
  const auto nothing_passes = [&](const char* name, const Bool& clock, std::vector<Bool> given, const Instance& block,
                                  std::vector<std::string> gives) {
    for (const std::string& output : gives) given.push_back(block.out<Bool>(output));
    Bool any = given.front();
    for (const Bool& b : given) any = any | b;
    m.add_assertion(fmt::format("nothing passes to or from {} while its clock is stopped", name), (clock | ~any).id());
  };
  nothing_passes("job_reader", setup_clock, {fetch.out<Bool>("request_valid"), data_valid[0]}, job_reader,
                 {"beat_valid", "burst_valid"});
  nothing_passes("job_loads", setup_clock, {control.out<Bool>("taken"), control.out<Bool>("run_begins")}, loads,
                 {"request_valid"});
  nothing_passes("gemm", work_clock, {run_start, data_valid[1]}, gemm,
                 {"burst_valid", "logits_valid", "offsets_valid", "request_valid", "beat_valid"});
  nothing_passes("order", work_clock, {begin_order, data_valid[2], data_valid[3]}, order,
                 {"reference_burst_valid", "list_burst_valid", "row_valid", "result_valid", "word_valid", "bad_entry"});
  nothing_passes("reference_rows", work_clock, {begin_order, freed}, reference, {"write_enable", "complete_valid"});
  std::vector<std::string> of_core = {"clearing", "output_valid"};
  for (int i = 0; i < feature_ids(c); ++i) of_core.push_back(burst_of(i) + "_valid");
  nothing_passes("core", work_clock, {begin_order, feature_valid}, core, of_core);
  if (s.has_epilogue())
    nothing_passes("row_epilogue", work_clock, {rows.out<Bool>("word_valid")}, epilogue,
                   {"burst_valid", "request_valid", "beat_valid"});
  if (s.has_pixel_counts())
    nothing_passes("pixel_mask", work_clock, {loads.out<Bool>("to_padding") & job_beat.valid}, pixels,
                   {"request_valid", "beat_valid"});
  nothing_passes("burst_writer", work_clock, {run_start}, writer, {"awvalid", "wvalid", "waiting"});
}

}  // namespace

const Module& build_top(Design& d, const Shapes& s, std::string_view name) {
  return d.module(std::string(name), s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Deformable-attention accelerator generated by quillgen: offsets, logits, softmax, sampling, aggregation and "
        "output projection of a multi-scale "
        "deformable attention layer. AXI4-Lite registers, one AXI4 master.");
    Top top{d, m, s};
    top.parameters();
    top.host();
    top.job_queue();
    top.job_reading();
    top.job_description();
    top.array();
    top.query_order();
    top.attention();
    top.outputs();
    top.read_channels();
    top.write_channels();
    top.watch();
    top.counters();
    if (top.gated) top.stopped_clocks();
  });
}

}  // namespace quillgen::accel
