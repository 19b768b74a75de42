// The blocks of the accelerator. Each function returns the module, built once for a design; ports are listed here,
// streams are valid/ready.
#pragma once
#include "accel/bundles.hpp"

namespace quillgen::accel {

// --- MSDeformAttn core, in the order of the data --------------------------------------------------------------------
// All but the last are blocks of a lane, built with Shapes::lane().

/// Walks the groups of queries and reads their logits.
/// Streams in: group (number of queries in it). Stream out: logit (Logit). Ports: logit_write (write into the logit
/// buffer).
const hdl::Module& build_point_source(hdl::Design& d, const Shapes& s);

/// Softmax over the logits of a head (N4). Streams: logit (Logit) in, attention (AttnVector) out, both of all lanes of
/// a column.
const hdl::Module& build_softmax(hdl::Design& d, const Shapes& s);

// Only with pruning.points, head_join also with level lanes:
/// Points below a threshold are dropped (N19). Streams: attention (AttnVector) in; points (LivePoints) and head
/// (HeadMark, of every head) out. Port: threshold (attention_bits fraction bits).
const hdl::Module& build_point_filter(hdl::Design& d, const Shapes& s);
/// Live points one after the other. Streams: points (LivePoints) in, attention (Attn) out. Port: group_freed (pulse: a
/// group ends without a live point).
const hdl::Module& build_compactor(hdl::Design& d, const Shapes& s);
/// Heads in their order, empty ones among them. Streams: mark (HeadMark) and sums (HeadSums) in, head (HeadSums) out.
/// Port: ends_query (pulse: the last head of a query leaves). With level lanes mark_<lane> and sums_<lane>, whose sum a
/// head is; without pruning.points there are no marks.
const hdl::Module& build_head_join(hdl::Design& d, const Shapes& s);

/// Location of each sample (N5). Streams: attention (Attn) in, location (Location) out. Ports: levels (LevelShapes),
/// offset_write, reference_write (writes into its buffers), group_freed (pulse: the buffers of the oldest group are no
/// longer needed).
const hdl::Module& build_index_gen(hdl::Design& d, const Shapes& s);

/// Corner weights (N6). Streams: location (Location) in, corners (Corners) out.
const hdl::Module& build_weight_gen(hdl::Design& d, const Shapes& s);

/// Tags of the line cache: finds the lines of a sample, asks for the missing ones.
/// Streams: corners (Corners) in; entry (QueueEntry) and miss (LineName) out. Ports: clear (start of a job), clearing;
/// hits, misses (found and missing lines of the sample that left in the cycle before, 0..4).
const hdl::Module& build_tag_lookup(hdl::Design& d, const Shapes& s);

/// Reads missing lines from memory. Streams: miss (LineName) in, line_out (its bits) out, or with fills_two() line_0
/// and line_1, which have the lines in turn; request (BurstRequest) out. Ports: levels, map (start address of each
/// level), data (beats), data_valid.
const hdl::Module& build_line_fetch(hdl::Design& d, const Shapes& s);

/// Four data banks by pixel parity: fills lines in order and reads the four corners of a sample in one cycle.
/// Streams: entry (QueueEntry), line (or line_0 and line_1) in; sample (Sample) out. Ports: waiting (the next sample
/// misses a line).
const hdl::Module& build_feature_buffer(hdl::Design& d, const Shapes& s);

/// Interpolation and aggregation (N7). Streams: sample (Sample) in, head (accumulators) out.
const hdl::Module& build_interpolate(hdl::Design& d, const Shapes& s);

// Only with pruning.count_bits:
/// Counts how often pixels are read (N20), four banks by pixel parity, a sample a cycle. Ports: clear (start of a job),
/// clearing; places (CountPlaces), levels (their widths); taken and corners (ReadCorners, of a sample that passes);
/// read (CountRead) and counts (PixelCounts, in the next cycle and until the next read).
const hdl::Module& build_pixel_counts(hdl::Design& d, const Shapes& s);
/// The count below which pixels of a level are dropped (N20), some count_bits + 35 cycles. Streams: level (LevelReads)
/// in, threshold out. Ports: share.
const hdl::Module& build_pixel_threshold(hdl::Design& d, const Shapes& s);
/// The mask of the pixels that were seldom read: walks all tokens at the end of a job, two a cycle, adds the counts of
/// the lanes. Streams: request (WriteRequest) and beat out. Ports: start, job (PixelFields), levels, runs_left (of the
/// writer); padding_start, padding_valid, padding_beat; read (CountRead), counts_<lane> (PixelCounts); writing.
const hdl::Module& build_pixel_mask(hdl::Design& d, const Shapes& s);

/// Requantisation of heads (N8). Streams: head (accumulators) in, vector (HeadVector) out. Ports: table (TableWrite).
const hdl::Module& build_head_requantise(hdl::Design& d, const Shapes& s);

/// Projection by W''_m, accumulated over the heads of the lane (N9). Streams: vector (HeadVector) in, sums (columns
/// accumulators) out. Ports: weights (TableWrite).
const hdl::Module& build_head_projection(hdl::Design& d, const Shapes& s);

/// Sum over the lanes (N9) and requantisation (N10). Streams: sums_<lane> in, output (OutputGroup) out. Ports: table
/// (TableWrite).
const hdl::Module& build_output_requantise(hdl::Design& d, const Shapes& s);

// --- PE array (gemm.hpp) --------------------------------------------------------------------------------------------

/// Order of the tokens in the value projection. Streams out: token (RowAddress), block (Block). Ports: start, masked,
/// address, stride, levels; mask_start, mask_valid, mask_beat (the mask, before the start).
const hdl::Module& build_token_walk(hdl::Design& d, const Shapes& s);

/// Rows for the array. Streams: given (RowAddress, of a token or query) in; word (RowWord) and burst out. Ports: start,
/// tokens_run, dense_run; rows, address, stride (of a dense job); row_beats, last_word, row_tail; data, data_valid.
/// With an epilogue also formed (rows are of the stream), with_position, position_address, scale (Scale);
/// position_valid and stream position_burst.
const hdl::Module& build_row_fetch(hdl::Design& d, const Shapes& s);

/// The array (N3, N11). Streams: word (RowWord) in, finished (rows of a group whose results are complete) out. Ports:
/// start, run (GemmRun); weights, requant (TableWrite); freed (pulse: results of the oldest group are no longer
/// needed); sample_* and offset_x, offset_y, logit of each lane; result (Results); busy, waits_for_room.
const hdl::Module& build_gemm_engine(hdl::Design& d, const Shapes& s);
/// One of its processing elements. Ports: advance, accumulate, first, last, operands, weights; result.
const hdl::Module& build_pe(hdl::Design& d, const Shapes& s);

/// Results between array and memory. Streams: read (ResultRead) in, beat out. Ports: dense, relu, restart, result. With
/// an epilogue also format (ResultFormat), norm; beats are those of the value map, and word (result_word_bits) out has
/// those of a dense job.
const hdl::Module& build_result_buffer(hdl::Design& d, const Shapes& s);

/// Blocks of the value map. Streams: block (Block) and finished in; request (WriteRequest) and read (ResultRead) out.
/// Ports: start, address; freed.
const hdl::Module& build_map_writer(hdl::Design& d, const Shapes& s);

/// Rows of a dense job. Streams: finished in; request (WriteRequest) and read (ResultRead) out. Ports: start, address,
/// stride, row_beats; freed.
const hdl::Module& build_dense_writer(hdl::Design& d, const Shapes& s);

/// All of these. With an activation_unit also activation (its code) and activation_scale (Scale), of a dense job.
const hdl::Module& build_gemm_unit(hdl::Design& d, const Shapes& s);

// --- memory side ----------------------------------------------------------------------------------------------------

/// Reads runs of beats. Streams: request (ReadRequest) in, burst (BurstRequest) and beat (one beat) out. Ports: data,
/// data_valid (from the bus).
const hdl::Module& build_burst_reader(hdl::Design& d, const Shapes& s, const std::string& client, int beat_bits,
                                      int depth);

/// Round robin between the clients, and the read channels of the AXI master.
const hdl::Module& build_read_port(hdl::Design& d, const Shapes& s);

/// Rows of outputs. Streams: query (whose row) and output (OutputGroup) in; request (WriteRequest) and beat out. Ports:
/// start, address, stride.
const hdl::Module& build_output_rows(hdl::Design& d, const Shapes& s);

/// Writes runs of beats. Streams: request (WriteRequest) and beat in. Ports: start, runs (requests until done); done,
/// with counts of pixels runs_left, and the write channels of the AXI master.
const hdl::Module& build_burst_writer(hdl::Design& d, const Shapes& s);

// --- operands and epilogue (epilogue/epilogue.hpp), only with network.epilogue ---------------------------------------

/// Operands from rows of the stream (N12), a beat a cycle. Streams: row and position (beats) in, operands (row_unit()
/// of operand_bits) out. Ports: of_tokens (feature_bits, otherwise query_bits), with_position, scale (Scale).
const hdl::Module& build_operand_former(hdl::Design& d, const Shapes& s);

/// Scale of a row from its sums (N14), 25 cycles a row. Streams: sums (RowSums) in, scale (RowScale) out. Ports:
/// epsilon.
const hdl::Module& build_row_scale(hdl::Design& d, const Shapes& s);

/// Residual addition and LayerNorm (N13, N14), a word of row_unit() elements a cycle while rows are 25 words or longer.
/// Streams: branch (elements of branch_bits) and residual (elements of stream_bits) in, normed (.. of stream_bits) out;
/// whole rows, C / row_unit() words each. Ports: table (TableWrite: gamma and beta of the channels of a word), epsilon
/// and gain_shift (1..31), which are held while rows are in it.
const hdl::Module& build_row_norm(hdl::Design& d, const Shapes& s);

/// Activations by linear pieces (N15), all results of a row at once; only with network.activations. Ports: activation
/// (its code) and scale (Scale), which are held while a run lasts; result and activated (Results). A result passes in
/// its cycle where there is none, otherwise in activation_latency.
const hdl::Module& build_activation_unit(hdl::Design& d, const Shapes& s);

/// Boxes moved by deltas, and their references (N17), some 12 cycles a box. Streams: deltas (4 of box_delta_bits) and
/// logits (4 of box_logit_bits) in, beat out, rows of box_row_beats. Ports: restart.
const hdl::Module& build_box_refine(hdl::Design& d, const Shapes& s);

/// Rows of results on their way to memory. Streams: row (WriteRequest, where it goes) and word (result_word_bits) in;
/// request (WriteRequest), beat and burst (of residual rows) out. Ports: start, norm, boxes, in_order, rows, address,
/// residual, stride; table (TableWrite), epsilon, norm_shift; data, data_valid.
const hdl::Module& build_row_epilogue(hdl::Design& d, const Shapes& s);

// --- order of queries (order.hpp) -----------------------------------------------------------------------------------

/// Queries in the order of their arrival. Streams out: query, burst. Ports: start, listed, count, rows, address; data,
/// data_valid; bad_entry; with an epilogue once (no row may be named twice).
const hdl::Module& build_query_list(hdl::Design& d, const Shapes& s);

/// References of queries. Streams: query in; word (QueryWord) and burst out. Ports: boxes, first_word_only, address;
/// data, data_valid.
const hdl::Module& build_reference_gather(hdl::Design& d, const Shapes& s);

/// Counting sort along a Hilbert curve. Streams: reference (QueryWord, two passes) in; query out. Ports: start, keep,
/// count; begin_pass (pulse: references are wanted), takes (they are taken now), held (queries of the order it has).
const hdl::Module& build_bucket_sort(hdl::Design& d, const Shapes& s);

/// The nearest of the candidates in a window is next. Streams: candidate (QueryWord) in, issued (QueryWord) out. Ports:
/// start, count.
const hdl::Module& build_nearest_first(hdl::Design& d, const Shapes& s);

/// All of these. Streams out: row and result (number of a query), word (of its reference), list_burst and
/// reference_burst. Ports: start, keep, count, rows, listed, boxes; list_address, reference_address; data, list_valid,
/// reference_valid; bad_entry; held (with a sort); late. With an epilogue also start_list (of a dense job), dense,
/// gathers and scatters (who of row and result is given the rows that its list names).
const hdl::Module& build_query_order(hdl::Design& d, const Shapes& s);

/// Buffers of references. Streams: word in, group (its references are complete) out. Ports: start, queries, boxes,
/// freed; write_enable, write_address, write_data.
const hdl::Module& build_reference_rows(hdl::Design& d, const Shapes& s);

/// Where the rows of queries lie. Streams: query in, row (RowAddress) out. Ports: start, queries, address, stride.
const hdl::Module& build_query_rows(hdl::Design& d, const Shapes& s);

// --- control --------------------------------------------------------------------------------------------------------

const hdl::Module& build_registers(hdl::Design& d, const Shapes& s);
/// Quiet and expired, from what the ports of the memory say.
const hdl::Module& build_bus_watch(hdl::Design& d);
/// Words of a descriptor, what follows from them, and whether they are right.
const hdl::Module& build_job_descriptor(hdl::Design& d, const Shapes& s);
/// Of a program: the job in work, while the descriptor of the next one is read.
const hdl::Module& build_job_in_work(hdl::Design& d, const Shapes& s);
/// When a descriptor is read.
const hdl::Module& build_descriptor_fetch(hdl::Design& d, const Shapes& s);
/// What is read beside the descriptor: panels, mask, parameters.
const hdl::Module& build_job_loads(hdl::Design& d, const Shapes& s);
/// The states of a job.
const hdl::Module& build_job_control(hdl::Design& d, const Shapes& s);
const hdl::Module& build_parameter_loader(hdl::Design& d, const Shapes& s);
const hdl::Module& build_counters(hdl::Design& d, const Shapes& s);

/// Everything of a lane; s is the view of the lane (Shapes::lane). Of a column only what lies between softmax and the
/// sum of a head's parts.
const hdl::Module& build_lane(hdl::Design& d, const Shapes& s);
/// The lanes that share the levels of a head lane, and all else of it; s is the view of the core. Ports of its lanes
/// have their number behind their name.
const hdl::Module& build_lane_column(hdl::Design& d, const Shapes& s);
const hdl::Module& build_core(hdl::Design& d, const Shapes& s);
/// The top, named `name`.
const hdl::Module& build_top(hdl::Design& d, const Shapes& s, std::string_view name);

}  // namespace quillgen::accel
