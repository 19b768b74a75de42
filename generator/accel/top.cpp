// The top: host interface, job control, memory clients and the core.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "accel/job.hpp"
#include "accel/order.hpp"
#include "accel/parameter_loader.hpp"
#include "accel/region.hpp"
#include "accel/registers.hpp"
#include "lib/fifo.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

    m.note("Host: AXI4-Lite slave.");
    Instance registers(m, "registers", build_registers(d, s));
    for (const char* port : {"awvalid", "wvalid", "bready", "arvalid", "rready"})
      registers.in(port, input(m, fmt::format("s_axil_{}", port), Bool()));
    for (const char* port : {"awaddr", "araddr"})
      registers.in(port, input(m, fmt::format("s_axil_{}", port), UInt(12)));
    registers.in("wdata", input(m, "s_axil_wdata", UInt(32)));
    registers.in("wstrb", input(m, "s_axil_wstrb", UInt(4)));
    for (const char* port : {"awready", "wready", "bvalid", "arready", "rvalid"})
      output(m, fmt::format("s_axil_{}", port), registers.out(port, Bool()));
    output(m, "s_axil_rdata", registers.out("rdata", UInt(32)));
    output(m, "s_axil_bresp", UInt::constant(m, 0, 2));
    output(m, "s_axil_rresp", UInt::constant(m, 0, 2));

    output(m, "irq", registers.out("irq", Bool()));

  Instance registers = {}, control = {}, job_reader = {}, descriptor = {}, loads = {}, loader = {}, gemm = {},
           order = {}, reference = {}, core = {}, rows = {}, writer = {}, port = {};
  Bool job_reset = {}, setup_clock = {}, work_clock = {};
  JobFields job = JobFields(s);
  LevelShapes levels = LevelShapes(s);
  Stream<UInt> job_beat = {};
  Bool accepted = {}, run_start = {}, attending = {};
  Bool of_map = {};       // the array projects tokens
  Bool begin_order = {};  // of a layer: the queries are sorted while weights are loaded and values projected
  Bool freed = {};
  std::vector<Bool> data_valid = {};  // a beat for this client
  Bool feature_valid = {};            // .. for one of those that read features

  // A block that is reset with the job, and whose clock stands still while no job needs it.
  Instance in_job(const std::string& name, const Module& block, const Bool& clock) {
    Instance u(m, name, block);
    u.reset(job_reset);
    if (gated) u.clock_enable(clock);
    return u;
  }
  // The streams of the lanes to memory: features by demand, then of regions, fetched ahead.
  std::string burst_of(int feature) const {
    return fmt::format("{}_burst_{}", feature < s.lanes() ? "feature" : "region", feature % s.lanes());
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
  void array();
  void query_order();
  void attention();
  void core_inputs();
  void outputs();
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

    m.note("Job control and the reader of descriptor and parameters.");
    for (const char* name : {"soft_reset", "abort", "failure_pending"}) control.in(name, registers.out(name, Bool()));
    for (const char* name : {"busy", "done", "failed", "event_done", "event_failed", "job_ended"})
      registers.in(name, control.out(name, Bool()));
    registers.in("quarantined", quarantined);
    registers.in("error", control.out("error", UInt(error_bits)));
    registers.in("error_detail", control.out("error_detail", UInt(error_detail_bits)));
    Bool halt = control.out("halt", Bool()), job_reset = control.out("job_reset", Bool());
    const bool gated = c.implementation.clock_gating != 0;
    Bool setup_clock = gated ? control.out("setup_clock", Bool()) : Bool(),
         work_clock = gated ? control.out("work_clock", Bool()) : Bool();
    const auto in_job = [&](Instance& block, const Bool& clock) {
      block.reset(job_reset);
      if (gated) block.clock_enable(clock);
    };
    constexpr int load_bits = 32;
    const int job_buffer = job_buffer_beats(c);
    Instance job_reader(m, "job_reader", build_burst_reader(d, s, "job", load_bits, job_buffer));
    in_job(job_reader, setup_clock);
    job_reader.in_stream("request", control.out_stream("request", ReadRequest(s, load_bits)));
    auto job_beat = job_reader.out_stream("beat", UInt(s.data_bits()));
    job_beat.ready.drive(true);
    control.in("beat_valid", job_beat.valid);

    m.note("The descriptor, and what else is read by the job reader.");
    Instance descriptor(m, "job_descriptor", build_job_descriptor(d, s));
    descriptor.in("job_begins", control.out("begin_job", Bool()));
    descriptor.in("beat_valid", control.out("to_descriptor", Bool())), descriptor.in("beat", job_beat.data);
    descriptor.in("check", control.out("check", Bool()));
    control.in("descriptor_complete", descriptor.out("complete", Bool()));
    control.in("descriptor_checked", descriptor.out("checked", Bool()));
    control.in("verdict", descriptor.out("verdict", UInt(error_bits)));
    control.in("bad_word", descriptor.out("bad_word", UInt(error_detail_bits)));
    const JobFields job = descriptor.out("job", JobFields(s));
    const LevelShapes levels = descriptor.out("levels", LevelShapes(s));
    registers.in("job_id", job.id);
    control.in("dense", job.dense), control.in("map_given", job.map_given);
    Bool accepted = control.out("accepted", Bool());
    Instance loads(m, "job_loads", build_job_loads(d, s));
    in_job(loads, setup_clock);
    loads.in("start", accepted), loads.in("job", job);
    loads.in("run_begins", control.out("run_begins", Bool()));
    loads.in("beat_valid", job_beat.valid);
    control.in("loads_request_valid", loads.out("request_valid", Bool()));
    control.in("loads_request", loads.out("request", ReadRequest(s, load_bits)));
    loads.in("request_ready", control.out("loads_request_ready", Bool()));
    for (const char* port : {"panel_loaded", "panels_left", "mask_wanted", "rest_wanted"})
      control.in(port, loads.out(port, Bool()));
    const Panel panel = loads.out("panel", Panel(s));
    Instance loader(m, "parameter_loader", build_parameter_loader(d, s));
    in_job(loader, setup_clock);
    for (const char* port : {"start_panel", "start_rest", "upper_half"}) loader.in(port, loads.out(port, Bool()));
    loader.in("panel_entries", loads.out("panel_entries", UInt(Shapes::holds(requant_words(c)))));
    loader.in("panel_words", loads.out("panel_words", UInt(Shapes::holds(weight_words(c)))));
    loader.in("beat_valid", loads.out("to_tables", Bool()) & job_beat.valid), loader.in("beat", job_beat.data);

    m.note("Runs of the PE array: tokens to the value map, queries to the lanes, rows of a dense job to memory.");
    Bool run_start = control.out("start", Bool()), in_project = control.out("in_project", Bool()),
         attending = control.out("attending", Bool());
    Bool of_map = (~attending & ~job.dense).named("of_map"), attend = (run_start & attending).named("start_attend");
    const auto tables = parameter_tables(s);
    const auto pick = [&](const Bool& condition, int then, const UInt& otherwise) {
      return mux(condition, UInt::constant(m, static_cast<std::uint64_t>(then), otherwise.width()), otherwise);
    };
    const auto half = [&](int words, int bits) { return pick(panel.upper, words / 2, UInt::constant(m, 0, bits)); };
    GemmRun run(s);
    run.query = attending, run.dense = job.dense;
    run.last_step = job.last_step;
    run.last_tile = pick(attending, query_tiles(c) - 1, panel.last_tile);
    run.first_weight = pick(attending, tables[1].words, half(weight_words(c), s.weight_address_bits()));
    run.first_entry = pick(attending, tables[0].words, half(requant_words(c), s.requant_address_bits()));
    Instance gemm(m, "gemm", build_gemm_unit(d, s));
    in_job(gemm, work_clock);
    gemm.in("start", run_start), gemm.in("run", run);
    gemm.in("masked", job.masked), gemm.in("levels", levels), gemm.in("relu", job.relu);
    gemm.in("source_address", job.source_address), gemm.in("source_stride", job.source_stride);
    gemm.in("mask_start", loads.out("start_mask", Bool()));
    gemm.in("mask_valid", loads.out("to_mask", Bool()) & job_beat.valid), gemm.in("mask_beat", job_beat.data);
    gemm.in("rows", job.queries), gemm.in("row_address", job.query_address), gemm.in("row_stride", job.query_stride);
    gemm.in("row_beats", pick(attending, query_row_beats(c), job.row_beats));
    gemm.in("row_tail", job.row_tail);
    gemm.in("weights", loader.out("gemm_weights",
                                  TableWrite{Bool(), UInt(Shapes::bits(c.gemm.columns)), UInt(s.weight_address_bits()),
                                             UInt(c.gemm.depth * s.weight_bits())}));
    gemm.in("requant", loader.out("gemm_requant", TableWrite{Bool(), UInt(1), UInt(s.requant_address_bits()),
                                                             UInt(drain_width(c) * lib::requant_entry_bits)}));
    gemm.in("map_address", job.value_address);
    gemm.in("output_address", panel.address), gemm.in("output_stride", job.output_stride);
    gemm.in("output_row_beats", panel.output_beats);
    gemm.in("last_panel", panel.last), gemm.in("tail", job.tail);

    m.note("Order of queries: it begins with the job, while weights are loaded and values projected.");
    Bool begin_order = (accepted & ~job.dense).named("begin_order");
    Instance order(m, "order", build_query_order(d, s));
    in_job(order, work_clock);
    order.in("start", begin_order), order.in("keep", job.order_kept), order.in("count", job.queries);
    order.in("rows", job.rows), order.in("listed", job.listed), order.in("list_address", job.list_address);
    order.in("boxes", job.boxes), order.in("reference_address", job.reference_address);
    control.in("bad_entry", order.out("bad_entry", Bool()));
    if (c.order.bucket_bits > 0) descriptor.in("order_held", order.out("held", UInt(s.query_bits())));
    gemm.in_stream("query", order.out_stream("row", UInt(s.index_bits())));

void Top::query_order() {
  m.note("Order of queries: it begins with the job, while weights are loaded and values projected.");
  begin_order = (accepted & ~job.dense).named("begin_order");
  order = in_job("order", build_query_order(d, s), work_clock);
  order.in("start", begin_order), order.in("keep", job.order_kept), order.in("count", job.queries);
  order.in("rows", job.rows), order.in("listed", job.listed), order.in("list_address", job.list_address);
  order.in("boxes", job.boxes), order.in("reference_address", job.reference_address);
  control.connect("bad_entry", order);
  if (c.order.bucket_bits > 0) descriptor.connect("order_held", order, "held");
  gemm.connect("query", order, "row");
}

    m.note("What is written: rows of outputs, or what the PE array has for memory.");
    Instance writer(m, "burst_writer", build_burst_writer(d, s));
    in_job(writer, work_clock);
    writer.in("halt", halt), writer.in("start", run_start);
    writer.in("runs", mux(of_map, job.blocks.extend(s.written_rows_bits()), job.queries.extend(s.written_rows_bits())));
    control.in("written", writer.out("done", Bool()));
    const auto either = [&](const char* name, auto of_rows, auto of_gemm, const auto& data) {
      auto chosen = stream(m, name, mux(attending, of_rows.valid, of_gemm.valid), data);
      of_rows.ready.drive(chosen.ready & attending), of_gemm.ready.drive(chosen.ready & ~attending);
      writer.in_stream(name, chosen);
    };
    auto row_request = rows.out_stream("request", WriteRequest(s)),
         gemm_request = gemm.out_stream("request", WriteRequest(s));
    auto row_beat = rows.out_stream("beat", UInt(s.data_bits())),
         gemm_beat = gemm.out_stream("beat", UInt(s.data_bits()));
    either("request", row_request, gemm_request, mux(attending, row_request.data, gemm_request.data));
    either("beat", row_beat, gemm_beat, mux(attending, row_beat.data, gemm_beat.data));

    m.note("Memory: AXI4 master, read channels.");
    Instance port(m, "read_port", build_read_port(d, s));
    port.in("halt", halt);
    port.in_stream("client_0", job_reader.out_stream("burst", BurstRequest(s)));
    port.in_stream("client_1", gemm.out_stream("burst", BurstRequest(s)));
    port.in_stream("client_2", order.out_stream("reference_burst", BurstRequest(s)));
    port.in_stream("client_3", order.out_stream("list_burst", BurstRequest(s)));
    constexpr int features = static_cast<int>(Client::feature);
    for (int i = 0; i < feature_ids(c); ++i) {  // by demand, then ahead
      const int l = i % s.lanes();
      port.in_stream(
          fmt::format("client_{}", features + i),
          core.out_stream(fmt::format("{}_burst_{}", i < s.lanes() ? "feature" : "region", l), BurstRequest(s)));
    }
    auto constant = [&](std::uint64_t v, int bits) { return UInt::constant(m, v, bits); };
    const auto beat_size = static_cast<std::uint64_t>(std::countr_zero(static_cast<unsigned>(s.data_bytes())));
    output(m, "m_axi_arvalid", port.out("arvalid", Bool()));
    port.in("arready", input(m, "m_axi_arready", Bool()));
    output(m, "m_axi_arid", port.out("arid", UInt(s.axi_id_bits())));
    output(m, "m_axi_araddr", port.out("araddr", UInt(s.address_bits())));
    output(m, "m_axi_arlen", port.out("arlen", UInt(8)));
    output(m, "m_axi_arsize", constant(beat_size, 3));
    output(m, "m_axi_arburst", constant(1, 2));
    Bool rvalid = input(m, "m_axi_rvalid", Bool());
    output(m, "m_axi_rready", Bool::constant(m, true));
    port.in("rvalid", rvalid);
    UInt rid = input(m, "m_axi_rid", UInt(s.axi_id_bits()));
    port.in("rid", rid);
    UInt rdata = input(m, "m_axi_rdata", UInt(s.data_bits()));
    UInt rresp = input(m, "m_axi_rresp", UInt(2));
    port.in("rresp", rresp);
    port.in("rlast", input(m, "m_axi_rlast", Bool()));
    std::vector<Bool> data_valid;
    for (int i = 0; i < s.clients(); ++i) data_valid.push_back(port.out(fmt::format("data_valid_{}", i), Bool()));
    job_reader.in("data", rdata), job_reader.in("data_valid", data_valid[0]);
    gemm.in("data", rdata), gemm.in("data_valid", data_valid[1]);
    order.in("data", rdata), order.in("reference_valid", data_valid[2]), order.in("list_valid", data_valid[3]);
    core.in("feature_data", rdata);
    Bool feature_valid = data_valid[features];
    for (int i = 0; i < feature_ids(c); ++i) {
      const Bool valid = data_valid[static_cast<std::size_t>(features + i)];
      core.in(fmt::format("{}_valid_{}", i < s.lanes() ? "feature" : "region_data", i % s.lanes()), valid);
      if (i > 0) feature_valid = feature_valid | valid;
    }
    control.in("read_error", port.out("error", Bool()));
    control.in("read_client", rid), control.in("read_response", rresp);

    m.note("Memory: AXI4 master, write channels.");
    output(m, "m_axi_awvalid", writer.out("awvalid", Bool()));
    writer.in("awready", input(m, "m_axi_awready", Bool()));
    output(m, "m_axi_awid", constant(0, s.axi_id_bits()));
    output(m, "m_axi_awaddr", writer.out("awaddr", UInt(s.address_bits())));
    output(m, "m_axi_awlen", writer.out("awlen", UInt(8)));
    output(m, "m_axi_awsize", constant(beat_size, 3));
    output(m, "m_axi_awburst", constant(1, 2));
    output(m, "m_axi_wvalid", writer.out("wvalid", Bool()));
    writer.in("wready", input(m, "m_axi_wready", Bool()));
    output(m, "m_axi_wdata", writer.out("wdata", UInt(s.data_bits())));
    output(m, "m_axi_wstrb", constant(mask(s.data_bytes()), s.data_bytes()));
    output(m, "m_axi_wlast", writer.out("wlast", Bool()));
    writer.in("bvalid", input(m, "m_axi_bvalid", Bool()));
    output(m, "m_axi_bready", Bool::constant(m, true));
    writer.in("bid", input(m, "m_axi_bid", UInt(s.axi_id_bits())));
    UInt bresp = input(m, "m_axi_bresp", UInt(2));
    writer.in("bresp", bresp);
    control.in("write_error", writer.out("error", Bool()));
    control.in("write_response", bresp);

    m.note("Is the port quiet, has it stood still for too long?");
    Instance watch(m, "bus_watch", build_bus_watch(d));
    Bool reads_waiting = port.out("waiting", Bool()), writes_waiting = writer.out("waiting", Bool());
    watch.in("timeout", registers.out("timeout", UInt(32)));
    watch.in("reads_waiting", reads_waiting), watch.in("writes_waiting", writes_waiting);
    watch.in("progress", port.out("progress", Bool()) | writer.out("progress", Bool()));
    control.in("reads_waiting", reads_waiting), control.in("writes_waiting", writes_waiting);
    control.in("expired", watch.out("expired", Bool())), control.in("quiet", watch.out("quiet", Bool()));

    m.note("Counters.");
    Instance counters(m, "counters", build_counters(d, s));
    counters.in("clear", control.out("begin_job", Bool()));
    counters.in("busy", control.out("busy", Bool()));
    counters.in("in_setup_phase", control.out("setup", Bool()));
    counters.in("in_project_phase", in_project);
    counters.in("of_map", of_map);
    counters.in("queries", job.queries);
    counters.in("order_late", order.out("late", Bool()));
    counters.in("gemm_moves", gemm.out("busy", Bool()));
    counters.in("gemm_waits_for_room", gemm.out("waits_for_room", Bool()));
    for (int l = 0; l < s.lanes(); ++l) {
      for (const char* event : {"sample_taken", "sample_ends_query", "lane_blocked", "feature_missing"})
        counters.in(fmt::format("{}_{}", event, l), core.out(fmt::format("{}_{}", event, l), Bool()));
      for (const char* count : {"hits", "misses"})
        counters.in(fmt::format("{}_{}", count, l), core.out(fmt::format("{}_{}", count, l), UInt(3)));
    }
    static const char* const sources[] = {"job", "rows", "reference", "list"};
    for (std::size_t i = 0; i < std::size(sources); ++i) counters.in(fmt::format("beat_{}", sources[i]), data_valid[i]);
    counters.in("beat_feature", feature_valid);
    counters.in("beat_written", writer.out("beat_sent", Bool()));
    for (const char* counter : counter_names)
      registers.in(fmt::format("counter_{}", counter), counters.out(counter, UInt(32)));

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
