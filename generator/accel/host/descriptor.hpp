// The parts of the block job_descriptor, in the files descriptor_words, job_descriptor and descriptor_rules.
#pragma once
#include <fmt/core.h>

#include <bit>

#include "accel/blocks.hpp"
#include "accel/host/job.hpp"
#include "accel/host/parameter_loader.hpp"
#include "lib/counter.hpp"

namespace quillgen::accel {

/// A rule of the descriptor, and the word that breaks it.
struct Rule {
  hdl::Bool broken;
  Error error;
  int word;
};

inline int log2_of(int power) { return std::countr_zero(static_cast<unsigned>(power)); }

/// Its parts, in the order of the printed file. Members are what more than one of them reads.
struct Descriptor {
  hdl::Module& m;
  const Shapes& s;
  const Config& c = s.config;
  const int address_bits = s.address_bits(), words_per_beat = s.data_bits() / 32,
            beats = descriptor_words(c) / words_per_beat;

  const int columns = c.gemm.columns, most_tiles = most_panel_tiles(c),
            out_beat = s.row_unit();  // outputs of a dense job in a beat

  hdl::Bool begin = {}, take = {};
  hdl::UInt beat = {}, index = {};
  // By beat: registers and the bits they take.
  std::vector<std::vector<std::pair<hdl::Reg<hdl::UInt>, hdl::UInt>>> fields = {};

  hdl::UInt kind = {}, flags = {}, id = {}, count = {}, rows = {};
  hdl::UInt query = {}, reference = {}, value = {}, parameter = {}, out = {}, source = {}, mask = {},
            list = {};  // addresses
  hdl::UInt query_stride = {}, output_stride = {}, source_stride = {};
  hdl::UInt position = {}, residual = {}, link = {}, epsilon = {}, query_operand = {}, source_operand = {},
            epilogue = {}, reference_stride = {};
  hdl::UInt activation = {}, activation_scale = {};  // with activations
  hdl::UInt threshold = {};                          // with prunings
  std::vector<hdl::UInt> range = {};                 // .. of the levels
  hdl::Bool ranged = {};
  hdl::UInt share = {}, pixel_mask = {}, padding = {};               // with counts of pixels
  hdl::Bool counts = {};                                             // the job counts them
  std::vector<hdl::UInt> first_block = {};                           // .. of the levels
  hdl::Bool refines = {};                                            // boxes
  std::vector<hdl::UInt> width = {}, height = {};                    // of the levels, all bits of the words
  hdl::UInt inner = {}, outputs = {}, panel_tiles = {}, tiles = {};  // of a dense job, in the place of levels
  hdl::Bool reserved = {};                                           // a bit of its reserved words was set
  hdl::Bool reserved_network = {};                                   // .. of those of both kinds, with an epilogue
  hdl::UInt self_value = {}, self_stride = {}, self_scale = {};      // of self-attention, in the place of levels
  hdl::Bool reserved_self = {}, reserved_self_2 = {}, is_self = {};
  hdl::Bool is_dense = {}, is_attention = {}, boxes = {}, masked = {}, given = {}, listed = {}, kept = {};
  hdl::Bool stream_queries = {}, stream_sources = {}, with_position = {}, norm = {},
            scattered = {};  // with an epilogue

  std::vector<hdl::UInt> wide = {}, high = {};  // sides of the levels, as many bits as a legal one has
  hdl::Bool checked = {};
  hdl::UInt blocks = {}, tokens = {};  // of all levels

  // Of a dense job: words of a row, and what tiles and panels take.
  hdl::UInt last_step = {}, row_beats = {}, output_beats = {}, panel_output_beats = {};
  hdl::UInt panel_words = {}, tile_outputs = {}, panel_outputs = {}, tile_beats = {};
  hdl::Bool one_panel = {};

  std::vector<Rule> rules = {};  // in the order in which they are told

  void ports();
  hdl::UInt field(int word, const std::string& name, int bits, int low = 0,
                  std::optional<std::uint64_t> reset = std::nullopt);
  hdl::UInt pointer(const char* name, int word);
  hdl::Bool any_bit(int from, int to);
  void words();
  void network_words();
  void pruning_words();
  void dense_words();
  void self_words();
  void levels();
  void count_places(const hdl::Bool& placing, const hdl::UInt& level, const hdl::UInt& level_blocks,
                    const hdl::UInt& all);
  void dense_shape();
  hdl::Bool has_list() const;
  void shape_rules();
  void pruning_rules();
  void network_rules();
  hdl::Bool bad_activation() const;
  void self_rules();
  void address_rules();
  void first_rule();
  void job();
  void self_job(JobFields& job, LoadFields& loads);
};

}  // namespace quillgen::accel
