// What the blocks of job control exchange.
#pragma once
#include "accel/array/gemm.hpp"
#include "accel/epilogue/row_norm.hpp"
#include "accel/host/registers.hpp"
#include "accel/order/order.hpp"
#include "accel/self/self_attention.hpp"

namespace quillgen::accel {

/// Of a job with an epilogue: how operands are formed, and what becomes of results (NUMERICS.md N12 to N14).
struct NetworkFields {
  hdl::Bool stream_queries, position, stream_sources, norm;
  hdl::Bool scattered;  ///< outputs of a dense job go to the rows of its index list
  hdl::UInt format;     ///< ResultFormat
  hdl::UInt position_address, residual_address;
  Scale query_operand, source_operand;
  hdl::UInt epsilon, norm_shift;
  hdl::UInt reference_stride;  ///< bytes from the references of a query to those of the next; 0: they are packed
  std::optional<hdl::UInt> activation;    ///< Activation, of a dense job; where there are any
  std::optional<Scale> activation_scale;  ///< .. from its result to the format of the outputs
  explicit NetworkFields(const Shapes& s)
      : format(result_format_bits),
        position_address(s.address_bits()),
        residual_address(s.address_bits()),
        epsilon(norm_epsilon_bits),
        norm_shift(norm_gain_bits),
        reference_stride(reference_stride_bits) {
    if (s.has_activations()) activation.emplace(activation_code_bits), activation_scale.emplace();
  }
  QUILLGEN_FIELDS(stream_queries, position, stream_sources, norm, scattered, format, position_address, residual_address,
                  query_operand, source_operand, epsilon, norm_shift, reference_stride, activation, activation_scale)
};

/// Of a job that counts how often pixels are read (NUMERICS.md N20).
struct PixelFields {
  CountPlaces places;
  hdl::UInt share;   ///< of the mean of a level, share_fraction
  hdl::UInt tokens;  ///< of the mask
  hdl::UInt mask_address;
  hdl::Bool padded;  ///< tokens of the image are
  explicit PixelFields(const Shapes& s)
      : places(s), share(share_bits), tokens(s.token_bits()), mask_address(s.address_bits()) {}
  QUILLGEN_FIELDS(places, share, tokens, mask_address, padded)
};

/// What a program does behind a job.
struct NextJob {
  hdl::UInt link;       ///< descriptor of the next job; 0: none
  hdl::Bool host_step;  ///< the host is waited for before it
  explicit NextJob(const Shapes& s) : link(s.address_bits()) {}
  QUILLGEN_FIELDS(link, host_step)
};

/// Of a checked job, what is loaded for it, and where its panels write.
struct LoadFields {
  hdl::Bool dense, masked, map_given;
  hdl::UInt parameter_address, mask_address, output_address;
  hdl::UInt tokens;                            ///< pixels of all levels
  hdl::UInt last_step;                         ///< of the rows of its first run: steps of the array minus 1
  hdl::UInt tiles, panel_tiles;                ///< of the matrix of this run, and of a panel
  hdl::UInt tile_beats;                        ///< of parameters
  hdl::UInt output_beats, panel_output_beats;  ///< of a row of outputs of a dense job, and of a panel of it
  std::optional<hdl::Bool> norm;               ///< only with an epilogue
  std::optional<hdl::Bool> self;               ///< only with self-attention: there are no weights
  std::optional<hdl::Bool> padded;             ///< only with counts of pixels: there is padding that is not the mask
  std::optional<hdl::UInt> padding_address;
  explicit LoadFields(const Shapes& s)
      : parameter_address(s.address_bits()),
        mask_address(s.address_bits()),
        output_address(s.address_bits()),
        tokens(s.token_bits()),
        last_step(s.step_bits()),
        tiles(16),
        panel_tiles(Shapes::holds(s.most_tiles())),
        tile_beats(24),
        output_beats(18),
        panel_output_beats(WriteRequest::longest(s)) {
    if (s.has_epilogue()) norm.emplace();
    if (s.has_self()) self.emplace();
    if (s.has_pixel_counts()) padded.emplace(), padding_address.emplace(s.address_bits());
  }
  QUILLGEN_FIELDS(dense, masked, map_given, parameter_address, mask_address, output_address, tokens, last_step, tiles,
                  panel_tiles, tile_beats, output_beats, panel_output_beats, norm, self, padded, padding_address)
};

/// What its blocks are told of a job while it lasts.
struct JobFields {
  hdl::UInt queries;  ///< or rows of a dense job
  hdl::UInt rows;     ///< of queries in memory, below which the entries of an index list are
  hdl::Bool dense, boxes, masked, map_given, relu, listed, order_kept;
  hdl::UInt query_address, reference_address, value_address, output_address, source_address, list_address;
  hdl::UInt query_stride, output_stride, source_stride;
  hdl::UInt blocks;                      ///< of 2x2 pixels, of all levels
  hdl::UInt last_step, row_beats;        ///< of the rows of its first run: steps of the array minus 1, beats in memory
  hdl::UInt row_tail;                    ///< elements of the last word of the row memories; 0: all
  hdl::UInt tail;                        ///< outputs of the last beat of a dense job; 0: all
  std::optional<NetworkFields> network;  ///< only with an epilogue
  std::optional<SelfJob> self;           ///< only with self-attention, whose jobs are dense ones otherwise
  std::optional<hdl::UInt> threshold;    ///< of the weight of a point (NUMERICS.md N19), only where points are dropped
  std::optional<LevelRanges> ranges;     ///< only where there are ranges
  std::optional<PixelFields> pixels;     ///< only where pixels are counted
  explicit JobFields(const Shapes& s)
      : queries(s.query_bits()),
        rows(s.query_bits()),
        query_address(s.address_bits()),
        reference_address(query_address),
        value_address(query_address),
        output_address(query_address),
        source_address(query_address),
        list_address(query_address),
        query_stride(32),
        output_stride(32),
        source_stride(32),
        blocks(s.token_bits()),
        last_step(s.step_bits()),
        row_beats(Shapes::holds(s.longest_row_beats())),
        row_tail(s.tail_bits()),
        tail(tail_bits(s)) {
    if (s.has_epilogue()) network.emplace(s);
    if (s.has_self()) self.emplace(s);
    if (s.has_pruned_points()) threshold.emplace(s.attention_width() + 1);
    if (s.has_ranges()) ranges.emplace(s);
    if (s.has_pixel_counts()) pixels.emplace(s);
  }
  QUILLGEN_FIELDS(queries, rows, listed, order_kept, list_address, dense, boxes, masked, map_given, relu, query_address,
                  reference_address, value_address, output_address, source_address, query_stride, output_stride,
                  source_stride, blocks, last_step, row_beats, row_tail, tail, network, self, threshold, ranges, pixels)
};

/// The panel of a run that writes to memory.
struct Panel {
  hdl::UInt last_tile;
  hdl::Bool upper;         ///< in the upper half of weight memories and requantisation table
  hdl::UInt address;       ///< of its outputs in the first row of a dense job
  hdl::UInt output_beats;  ///< .. of a row
  hdl::Bool last;          ///< of the job
  explicit Panel(const Shapes& s)
      : last_tile(s.tile_bits()), address(s.address_bits()), output_beats(WriteRequest::longest(s)) {}
  QUILLGEN_FIELDS(last_tile, upper, address, output_beats, last)
};

}  // namespace quillgen::accel
