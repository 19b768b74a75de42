// The descriptor of a job: what follows from its words, and the first rule that they break.
#include <array>
#include <set>

#include "accel/array/gemm.hpp"
#include "accel/host/registers.hpp"
#include "unit/block_bench.hpp"

using namespace quillgen;
using namespace quillgen::test;
namespace word = accel::word;

namespace {

constexpr unsigned held_queries = 3;  // of the order on chip

using Descriptor = std::array<std::uint32_t, 64>;
using Verdict = std::pair<unsigned, int>;  ///< error, and the word that is wrong

std::uint32_t number(std::int64_t value) { return static_cast<std::uint32_t>(value); }
int low(std::uint32_t w) { return static_cast<int>(w & 0xFFFF); }
int high(std::uint32_t w) { return static_cast<int>(w >> 16); }
std::uint32_t pair(std::int64_t lower, std::int64_t upper) { return number(lower) | number(upper) << 16; }

bool has(const Descriptor& d, int flag) { return (d[word::flags] >> flag & 1) != 0; }

/// Of a legal dense job with an epilogue: its results move boxes.
bool moves_boxes(const Config& c, const Descriptor& d) {
  return c.network.epilogue != 0 && d[word::kind] == accel::kind_dense && (d[word::epilogue] & 3) == 3;
}
/// Beats of a row of outputs of a dense job.
int dense_row_beats(const Config& c, const Descriptor& d, int outputs) {
  const int boxes = divide_up(c.attention.levels * 16 + 16, c.memory.data_bits / 8);
  return moves_boxes(c, d) ? boxes : row_beats(outputs, result_width(c), c.memory);
}

/// Bits of the elements of rows: of the stream, where operands are formed, or these operands.
int query_row_bits(const Config& c, const Descriptor& d) {
  return c.network.epilogue != 0 && has(d, accel::flag_stream_queries) ? result_width(c) : c.numerics.query_bits;
}
int source_row_bits(const Config& c, const Descriptor& d) {
  return c.network.epilogue != 0 && has(d, accel::flag_stream_sources) ? result_width(c) : c.numerics.feature_bits;
}

std::uint32_t legal_scale(Random& random) { return number(random.in(0, 0xFFFF) | random.in(1, 47) << 16); }

/// With an epilogue, what is legal of the words behind the others. Addresses are not placed.
void add_network(const Config& c, Descriptor& d, bool dense, Random& random) {
  for (const int flag : {accel::flag_stream_queries, accel::flag_stream_sources, accel::flag_norm})
    if ((flag != accel::flag_stream_sources || !dense) && random.chance(50)) d[word::flags] |= 1u << flag;
  if (has(d, accel::flag_stream_queries)) {
    if (random.chance(50)) d[word::flags] |= 1u << accel::flag_position;
    d[word::query_operand] = legal_scale(random);
  }
  if (has(d, accel::flag_stream_sources)) d[word::source_operand] = legal_scale(random);
  const bool norm = has(d, accel::flag_norm);
  if (random.chance(30)) d[word::flags] |= 1u << accel::flag_host_step;
  if (dense && norm && random.chance(30)) d[word::flags] |= 1u << accel::flag_scattered;
  if (dense && random.chance(30)) d[word::flags] |= 1u << accel::flag_listed;
  if (norm) {
    const auto e = random.chance(30) ? std::int64_t{1} << 50 : random.in(1, (std::int64_t{1} << random.in(1, 50)) - 1);
    d[word::epsilon] = number(e & 0xFFFFFFFF), d[word::epsilon + 1] = number(e >> 32);
  }
  d[word::epilogue] = number((dense && !norm ? random.in(0, 3) : 0) | random.in(norm ? 1 : 0, 31) << 8);
  const auto format = d[word::epilogue] & 3;
  if (dense && !norm && format != 3 && !has(d, accel::flag_relu) && random.chance(70)) {
    const auto code = number(random.in(1, 3));
    if (has_activation(c.network, static_cast<int>(code)))
      d[word::epilogue] |= code << 4, d[word::activation_scale] = legal_scale(random);
  }
}

/// Words behind the first 32 that nothing uses.
std::vector<std::size_t> reserved_words(const Config& c) {
  std::vector<std::size_t> words;
  for (int w = 32; w < descriptor_words(c); ++w) {
    const bool network = c.network.epilogue != 0 && (w < 44 || (w == 44 && c.network.activations != no_activations)),
               points = c.pruning.points != 0 && w == 45,
               range = c.pruning.max_range > 0 && w >= 46 &&
                       w<46 + c.attention.levels, counts = c.pruning.count_bits> 0 && w >= 54 && w < 59;
    if (!network && !points && !range && !counts) words.push_back(static_cast<std::size_t>(w));
  }
  return words;
}

/// The largest range that a job may have in a level.
int most_range(const Config& c, int level) {
  return has_ranged_regions(c) ? c.feature_cache.region_ranges[static_cast<std::size_t>(level)] : c.pruning.max_range;
}

/// A legal descriptor. Words that its kind does not use hold anything.
Descriptor make(const Config& c, bool dense, Random& random) {
  const auto& a = c.attention;
  const int beat = c.memory.data_bits / 8;
  Descriptor d{};
  for (auto& w : d) w = number(static_cast<std::int64_t>(random.bits() & 0xFFFFFFFF));
  d[word::kind] = dense ? accel::kind_dense : accel::kind_attention;
  d[word::flags] = number(dense               ? random.in(0, 1) << accel::flag_relu
                          : random.chance(50) ? random.in(0, 7)
                                              : 1 << accel::flag_masked | random.in(0, 1) << accel::flag_boxes);
  if (c.network.epilogue != 0) add_network(c, d, dense, random);
  for (const auto w : reserved_words(c)) d[w] = 0;
  if (c.pruning.points != 0 && !dense) d[45] = number(random.in(0, (1 << c.numerics.attention_bits) + 1));
  if (c.pruning.max_range > 0 && !dense && (has_ranged_regions(c) || random.chance(60))) {
    d[word::flags] |= 1u << 12;
    for (int l = 0; l < a.levels; ++l) d[static_cast<std::size_t>(46 + l)] = number(random.in(0, most_range(c, l)));
  }
  // Most orders that are said to be kept are.
  if (!dense && random.chance(30)) d[word::flags] |= 1u << accel::flag_listed;
  if (!dense && random.chance(30)) d[word::flags] |= 1u << accel::flag_order_kept;
  const bool kept = (d[word::flags] & 1u << accel::flag_order_kept) != 0;
  d[word::queries] = kept ? held_queries : number(random.in(1, a.max_queries));
  d[word::rows] = number(random.in(1, a.max_queries));
  const auto line = std::max(64, block_bytes(c));
  const auto place = [&](int at, int alignment) {
    const auto top = c.memory.address_bits == 32 ? 0 : (std::uint64_t{1} << (c.memory.address_bits - 32)) - 1;
    d[static_cast<std::size_t>(at)] &= ~number(alignment - 1);
    d[static_cast<std::size_t>(at) + 1] &= static_cast<std::uint32_t>(top);
  };
  for (const int at : {word::query_address, word::parameter_address, word::output_address}) place(at, 64);
  if (c.network.epilogue != 0 && has(d, accel::flag_position)) place(word::position_address, 64);
  const auto stride = [&](int beats) { return number((beats + random.in(0, 3)) * beat); };
  if (c.network.epilogue != 0) {
    if (has(d, accel::flag_norm) || moves_boxes(c, d)) place(word::residual_address, 64);
    place(word::link, 64);
    const int references = a.levels * (has(d, accel::flag_boxes) ? 16 : 8);
    d[word::reference_stride] = random.chance(50) ? 0 : stride(divide_up(references, beat));
  }
  if (!dense && c.pruning.count_bits > 0) {
    if (random.chance(30)) d[54] = 0;
    else place(55, 64), place(57, 64);
    if (random.chance(30)) d[57] = d[58] = 0;
  }
  if (!dense) {
    place(word::list_address, 64);
    place(word::reference_address, 64), place(word::value_address, line);
    if ((d[word::flags] & 1u << accel::flag_map_given) == 0) {
      place(word::source_address, 64);
      if ((d[word::flags] & 1u << accel::flag_masked) != 0) place(word::mask_address, 64);
      d[word::source_stride] = stride(row_beats(a.embed_dim, source_row_bits(c, d), c.memory));
    }
    for (int l = 0, left = a.max_tokens; l < a.levels; ++l) {
      const auto wide = random.in(1, a.max_width),
                 tall = std::min<std::int64_t>(
                     random.in(1, a.max_height),
                     std::max<std::int64_t>((left - a.max_width * (a.levels - l - 1)) / wide, 1));
      d[static_cast<std::size_t>(word::levels + l)] = pair(wide, tall);
      left -= static_cast<int>(wide * tall);
    }
    d[word::query_stride] = stride(row_beats(a.embed_dim, query_row_bits(c, d), c.memory));
    d[word::output_stride] = stride(output_row_beats(c));
    return d;
  }
  const bool epilogue = c.network.epilogue != 0;
  std::fill(d.begin() + word::dense_reserved, d.begin() + (epilogue ? word::dense_list : word::dense_end), 0);
  if (epilogue) place(word::list_address, 64);
  const bool norm = c.network.epilogue != 0 && has(d, accel::flag_norm);
  const int columns = c.gemm.columns, inner = static_cast<int>(random.in(1, c.gemm.max_inner)),
            steps = gemm_steps(c, inner),
            outputs = norm                ? a.embed_dim
                      : moves_boxes(c, d) ? 4
                      : random.chance(50) ? static_cast<int>(random.in(1, 3 * columns))
                                          : static_cast<int>(random.in(1, 2000)),
            tiles = divide_up(outputs, columns), most = most_panel_tiles(c), aligned = aligned_tiles(c);
  int panel = tiles;
  if (!norm && (tiles > most || tiles * steps > weight_words(c) || (tiles > aligned && random.chance(30))))
    panel =
        aligned * static_cast<int>(random.in(1, std::min({most, weight_words(c) / 2 / steps, tiles - 1}) / aligned));
  d[word::dense_shape] = pair(inner, outputs), d[word::dense_panel] = pair(panel, tiles);
  d[word::query_stride] = stride(row_beats(inner, query_row_bits(c, d), c.memory));
  d[word::output_stride] = stride(dense_row_beats(c, d, outputs));
  return d;
}

/// The first of those of the words of an epilogue.
Verdict judge_network(const Config& c, const Descriptor& d) {
  const auto bad_scale = [](std::uint32_t w) { return (w >> 16 & 63) == 0 || (w >> 16) > 47; };
  const bool dense = d[word::kind] == accel::kind_dense, norm = has(d, accel::flag_norm);
  if (has(d, accel::flag_position) && !has(d, accel::flag_stream_queries)) return {1, word::flags};
  if (has(d, accel::flag_scattered) && !norm) return {1, word::flags};
  if (has(d, accel::flag_stream_queries) && bad_scale(d[word::query_operand])) return {1, word::query_operand};
  if (!dense && has(d, accel::flag_stream_sources) && bad_scale(d[word::source_operand]))
    return {1, word::source_operand};
  const auto epsilon = d[word::epsilon] | std::uint64_t{d[word::epsilon + 1]} << 32;
  if (norm && (epsilon == 0 || epsilon > std::uint64_t{1} << 50)) return {1, word::epsilon};
  const auto format = d[word::epilogue] & 3, shift = d[word::epilogue] >> 8 & 31;
  const auto activation = d[word::epilogue] >> 4 & 3;
  const bool may_activate = dense && !norm && format != 3 && !has(d, accel::flag_relu);
  if ((d[word::epilogue] & ~0x1F33u) != 0 || (format != 0 && (norm || !dense)) || (norm && shift == 0) ||
      (activation != 0 && !(may_activate && has_activation(c.network, static_cast<int>(activation)))))
    return {1, word::epilogue};
  if (activation != 0 && bad_scale(d[word::activation_scale])) return {1, word::activation_scale};
  return {0, 0};
}

/// The first rule that is broken, in the order in which they are told to the user.
Verdict judge(const Config& c, const Descriptor& d) {
  const auto& a = c.attention;
  const int beat = c.memory.data_bits / 8;
  const bool dense = d[word::kind] == accel::kind_dense, epilogue = c.network.epilogue != 0;
  if (!dense && d[word::kind] != accel::kind_attention) return {1, word::kind};
  const auto ranged = !dense && c.pruning.max_range > 0 ? 0x1000u : 0u;
  const auto flags = ranged | (epilogue ? (dense ? 0xED8u : 0xBF7u) : dense ? 8u : 0x37u);
  if ((d[word::flags] & ~flags) != 0) return {1, word::flags};
  if (dense && std::any_of(d.begin() + word::dense_reserved,
                           d.begin() + (epilogue ? word::dense_list : word::dense_end), [](auto w) { return w != 0; }))
    return {1, word::dense_reserved};
  const auto reserved = reserved_words(c);
  if (std::any_of(reserved.begin(), reserved.end(), [&](auto w) { return d[w] != 0; }))
    return {1, static_cast<int>(reserved.front())};
  if (const auto verdict = judge_network(c, d); epilogue && verdict.first != 0) return verdict;
  const bool position = epilogue && has(d, accel::flag_position), norm = epilogue && has(d, accel::flag_norm);
  if (d[word::queries] == 0 || d[word::queries] > number(a.max_queries)) return {2, word::queries};
  const bool listed = has(d, accel::flag_listed) || has(d, accel::flag_scattered), boxes = moves_boxes(c, d);
  if (listed && (d[word::rows] == 0 || d[word::rows] > number(a.max_queries))) return {2, word::rows};
  if (!dense && c.order.bucket_bits > 0 && (d[word::flags] & 1u << accel::flag_order_kept) != 0 &&
      d[word::queries] != number(held_queries))
    return {12, word::flags};
  int tokens = 0;
  for (int l = 0; !dense && l < a.levels; ++l) {
    const auto side = d[static_cast<std::size_t>(word::levels + l)];
    if (low(side) == 0 || low(side) > a.max_width || high(side) == 0 || high(side) > a.max_height)
      return {3, word::levels + l};
    tokens += low(side) * high(side);
  }
  if (!dense && c.pruning.points != 0 && d[45] > (1u << c.numerics.attention_bits) + 1) return {13, 45};
  if (!dense && has_ranged_regions(c) && !has(d, 12)) return {13, word::flags};
  for (int l = 0; !dense && has(d, 12) && l < a.levels; ++l)
    if (d[static_cast<std::size_t>(46 + l)] > number(most_range(c, l))) return {13, 46 + l};
  if (tokens > a.max_tokens) return {10, word::levels};
  const int inner = low(d[word::dense_shape]), outputs = high(d[word::dense_shape]), panel = low(d[word::dense_panel]),
            tiles = high(d[word::dense_panel]);
  if (dense && (inner == 0 || inner > c.gemm.max_inner || outputs == 0)) return {9, word::dense_shape};
  if (dense) {
    const int steps = gemm_steps(c, inner);
    if (tiles != divide_up(outputs, c.gemm.columns) || panel == 0 || panel > most_panel_tiles(c) || panel > tiles)
      return {9, word::dense_panel};
    if (panel * steps > (panel == tiles ? weight_words(c) : weight_words(c) / 2)) return {9, word::dense_panel};
    if (panel != tiles && panel * c.gemm.columns * element_bytes(result_width(c)) % beat != 0)
      return {9, word::dense_panel};
    if ((norm && (outputs != a.embed_dim || panel != tiles)) || (boxes && outputs != 4)) return {9, word::dense_shape};
  }
  const bool projects = !dense && (d[word::flags] & 1u << accel::flag_map_given) == 0,
             masked = projects && (d[word::flags] & 1u << accel::flag_masked) != 0,
             counted = !dense && c.pruning.count_bits > 0 && d[54] != 0;
  for (const auto& [used, at, alignment] : {std::tuple{true, word::query_address, 64},
                                            {!dense, word::reference_address, 64},
                                            {!dense, word::value_address, std::max(64, block_bytes(c))},
                                            {true, word::parameter_address, 64},
                                            {true, word::output_address, 64},
                                            {projects, word::source_address, 64},
                                            {masked, word::mask_address, 64},
                                            {listed, word::list_address, 64},
                                            {counted, 55, 64},
                                            {counted, 57, 64},
                                            {position, word::position_address, 64},
                                            {norm || boxes, word::residual_address, 64},
                                            {epilogue, word::link, 64}}) {
    const auto i = static_cast<std::size_t>(at);
    if (used && (d[i] % number(alignment) != 0 || std::uint64_t{d[i + 1]} >> (c.memory.address_bits - 32) != 0))
      return {4, at};
  }
  const auto bad_stride = [&](std::uint32_t stride, int beats) {
    return stride % number(beat) != 0 || stride / number(beat) < number(beats);
  };
  const auto strided = d[word::reference_stride];
  if (epilogue && !dense && strided != 0 &&
      (strided >= 1u << 16 || bad_stride(strided, divide_up(a.levels * (has(d, accel::flag_boxes) ? 16 : 8), beat))))
    return {4, word::reference_stride};
  if (bad_stride(d[word::query_stride], row_beats(dense ? inner : a.embed_dim, query_row_bits(c, d), c.memory)))
    return {4, word::query_stride};
  if (bad_stride(d[word::output_stride],
                 dense ? dense_row_beats(c, d, outputs) : row_beats(a.embed_dim, result_width(c), c.memory)))
    return {4, word::output_stride};
  if (projects && bad_stride(d[word::source_stride], row_beats(a.embed_dim, source_row_bits(c, d), c.memory)))
    return {4, word::source_stride};
  return {0, 0};
}

using Changes = std::vector<std::function<void(Descriptor&)>>;

/// Those of an epilogue.
void add_network_changes(const Config& c, Changes& list) {
  const auto add = [&](int flag, int at, std::uint32_t value) {
    list.push_back([=](Descriptor& d) {
      d[word::flags] |= 1u << flag;
      if (flag == accel::flag_position) d[word::flags] |= 1u << accel::flag_stream_queries;
      d[static_cast<std::size_t>(at)] = value;
    });
  };
  const auto put = [&](int at, std::uint32_t value) {
    list.push_back([=](Descriptor& d) { d[static_cast<std::size_t>(at)] = value; });
  };
  for (const int w : {44, 47, 48, 62}) put(w, 1);
  // Strides of references: too short, not of whole beats, too long.
  const std::uint32_t beat = number(c.memory.data_bits / 8);
  for (const std::uint32_t value : {beat, beat + 1, 2 * beat, (1u << 16) - beat, 1u << 16, 1u << 31})
    put(word::reference_stride, value);
  put(word::link, 0), put(word::link, 32), put(word::link, 64);
  list.push_back([](Descriptor& d) { d[word::flags] |= 1u << accel::flag_scattered; });
  list.push_back([](Descriptor& d) { d[word::flags] |= 1u << accel::flag_listed, d[word::rows] = 0; });
  // Boxes that have another number of outputs, or too short a stride.
  for (const int outputs : {3, 4, 5})
    list.push_back([=, columns = c.gemm.columns](Descriptor& d) {
      d[word::flags] &= ~(1u << accel::flag_norm | 1u << accel::flag_scattered);
      d[word::epilogue] = 3, d[word::dense_shape] = pair(1, outputs);
      d[word::dense_panel] = pair(divide_up(outputs, columns), divide_up(outputs, columns));
    });
  put(63, 1u << 31);
  list.push_back([](Descriptor& d) {  // positions of rows that are operands
    d[word::flags] = (d[word::flags] & ~(1u << accel::flag_stream_queries)) | 1u << accel::flag_position;
  });
  // A shift of 0 and the largest ones, legal or not; a bit beyond it.
  for (const std::uint32_t value :
       {0xFFFFu, 1u << 16, 47u << 16, 48u << 16, 63u << 16, 1u << 16 | 1u << 22, 1u << 31}) {
    add(accel::flag_stream_queries, word::query_operand, value);
    add(accel::flag_stream_sources, word::source_operand, value);
    put(word::activation_scale, value);
  }
  // Every activation of what may have one, and beside what it may not be beside.
  for (std::uint32_t code = 1; code < 4; ++code)
    for (const int other : {-1, accel::flag_norm, accel::flag_relu, accel::flag_scattered})
      for (const std::uint32_t scale : {1u, 1u << 16, 48u << 16})
        list.push_back([=](Descriptor& d) {
          d[word::flags] &= ~(1u << accel::flag_norm | 1u << accel::flag_relu | 1u << accel::flag_scattered);
          if (other >= 0) d[word::flags] |= 1u << other;
          d[word::epilogue] = (d[word::epilogue] & 0x1F03) | code << 4, d[word::activation_scale] = scale;
        });
  for (const std::uint32_t high : {0u, 1u << 18, (1u << 18) - 1, 1u << 19, 1u << 31})
    for (const std::uint32_t low : {0u, 1u})
      list.push_back([=](Descriptor& d) {
        d[word::flags] |= 1u << accel::flag_norm;
        d[word::epsilon] = low, d[word::epsilon + 1] = high;
      });
  // Formats, bits between the fields, shifts; with a norm and as it comes.
  for (const std::uint32_t value :
       {0x100u, 0x101u, 0x102u, 0x103u, 0x104u, 0x180u, 0x2100u, 0x80000100u, 0u, 0x1F00u}) {
    add(accel::flag_norm, word::epilogue, value);
    put(word::epilogue, value);
  }
  for (const int at : {word::position_address, word::residual_address}) {
    const int flag = at == word::position_address ? accel::flag_position : accel::flag_norm;
    list.push_back([=](Descriptor& d) { d[word::flags] |= 1u << flag, d[static_cast<std::size_t>(at)] |= 32; });
    if (c.memory.address_bits < 64)
      list.push_back([=, bit = 1u << (c.memory.address_bits - 32)](Descriptor& d) {
        d[word::flags] |= 1u << flag, d[static_cast<std::size_t>(at) + 1] |= bit;
      });
  }
  // A norm of rows that are not all there: not of C elements, or in panels.
  const int columns = c.gemm.columns, channels = c.attention.embed_dim, aligned = aligned_tiles(c);
  const auto shape = [&](int outputs, int panel) {
    list.push_back([=](Descriptor& d) {
      d[word::flags] |= 1u << accel::flag_norm;
      d[word::epsilon] = 1, d[word::epsilon + 1] = 0, d[word::epilogue] = 1u << 8;
      d[word::dense_shape] = pair(1, outputs);
      d[word::dense_panel] = pair(panel, divide_up(outputs, columns));
    });
  };
  for (const int outputs : {channels - 1, channels, channels + 1}) shape(outputs, divide_up(outputs, columns));
  if (value_tiles(c) > aligned) shape(channels, aligned);
}

/// Breaks rules: one change a function.
Changes changes(const Config& c) {
  const auto put = [](int w, std::uint32_t value) {
    return [=](Descriptor& d) { d[static_cast<std::size_t>(w)] = value; };
  };
  const auto add = [](int w, std::int64_t value) {
    return [=](Descriptor& d) { d[static_cast<std::size_t>(w)] += number(value); };
  };
  const auto& a = c.attention;
  const int last = word::levels + a.levels - 1, beat = c.memory.data_bits / 8;
  Changes list = {
      put(word::kind, 0x00010001), put(word::kind, 0x00030003), put(word::flags, 0x400), put(word::flags, 0x80000008),
      put(word::flags, 4), put(word::dense_reserved, 1u << 31), put(31, 1), put(23, 0x100), put(word::queries, 0),
      put(word::queries, number(a.max_queries) + 1), put(word::queries, 1u << 31), put(word::queries, held_queries + 1),
      put(word::rows, 0), put(word::rows, number(a.max_queries) + 1), put(word::rows, 1u << 31),
      // Sides of the first and the last level, or what they are of a dense job.
      put(word::levels, 1u << 16), put(word::levels, 1), put(word::levels, pair(a.max_width + 1, 1)),
      put(word::levels, pair(1, a.max_height + 1)), put(last, 1u << 16), put(last, pair(1, 0xFFFF)), put(last, 0xFFFF),
      put(word::dense_shape, pair(c.gemm.max_inner + 1, 1)), put(word::dense_shape, pair(c.gemm.max_inner, 0)),
      put(word::dense_panel, 0), add(word::dense_panel, 1), add(word::dense_panel, -1), add(word::dense_panel, 1 << 16),
      add(word::dense_panel, -(1 << 16)), put(word::dense_panel, pair(most_panel_tiles(c) + 1, 0xFFFF)),
      add(word::query_stride, 1), add(word::output_stride, beat / 2), add(word::source_stride, 4),
      put(word::query_stride, 0), put(word::output_stride, 0), put(word::source_stride, 0),
      [=](Descriptor& d) {  // all levels are the largest
        for (int l = 0; l < a.levels; ++l)
          d[static_cast<std::size_t>(word::levels + l)] = pair(a.max_width, a.max_height);
      },
      [=](Descriptor& d) {  // a matrix of one panel, the largest
        const int tiles = most_panel_tiles(c);
        d[word::dense_shape] = pair(c.gemm.max_inner, tiles * c.gemm.columns),
        d[word::dense_panel] = pair(tiles, tiles);
      },
      [=](Descriptor& d) {  // two panels, as large as the memories allow, and larger
        const int tiles =
            aligned_tiles(c) * (weight_words(c) / 2 / gemm_steps(c, c.gemm.max_inner) / aligned_tiles(c) + 1);
        d[word::dense_shape] = pair(c.gemm.max_inner, 2 * tiles * c.gemm.columns);
        d[word::dense_panel] = pair(tiles, 2 * tiles);
      }};
  list.push_back([](Descriptor& d) {
    d[word::flags] |= 1u << accel::flag_order_kept;
    d[word::queries] = held_queries + 1;
  });
  list.push_back([](Descriptor& d) {
    d[word::flags] |= 1u << accel::flag_listed;
    d[word::list_address] |= 32;
  });
  for (const int at : {word::query_address, word::reference_address, word::value_address, word::parameter_address,
                       word::output_address, word::source_address, word::mask_address, word::list_address}) {
    list.push_back(add(at, 32));
    list.push_back(add(at, block_bytes(c) / 2));
    if (c.memory.address_bits < 64) list.push_back(put(at + 1, 1u << (c.memory.address_bits - 32)));
  }
  if (c.network.epilogue != 0) add_network_changes(c, list);
  if (const auto reserved = reserved_words(c); !reserved.empty())
    for (const auto w : {reserved.front(), reserved.back()}) list.push_back(put(static_cast<int>(w), 1u << w % 32));
  if (c.pruning.points != 0)
    for (const std::uint32_t threshold :
         {(1u << c.numerics.attention_bits) + 1, (1u << c.numerics.attention_bits) + 2, 1u << 31})
      list.push_back(put(45, threshold));
  if (c.pruning.count_bits > 0)
    for (const int at : {55, 57}) {
      list.push_back([=](Descriptor& d) { d[54] = 1, d[static_cast<std::size_t>(at)] |= 32; });
      list.push_back([=](Descriptor& d) { d[54] = 0, d[static_cast<std::size_t>(at)] |= 32; });
      if (c.memory.address_bits < 64) list.push_back(put(at + 1, 1u << (c.memory.address_bits - 32)));
    }
  if (c.pruning.max_range > 0)
    for (const int l : {0, a.levels - 1})
      for (const std::uint32_t range :
           {number(most_range(c, l)), number(most_range(c, l)) + 1, number(c.pruning.max_range) + 1, 1u << 31})
        list.push_back([=](Descriptor& d) { d[word::flags] |= 1u << 12, d[static_cast<std::size_t>(46 + l)] = range; });
  if (has_ranged_regions(c)) list.push_back([](Descriptor& d) { d[word::flags] &= ~(1u << 12); });
  return list;
}

}  // namespace

TEST_CASE("job_descriptor: every rule, the first that is broken, and what follows from the words") {
  auto configs = block_configs();
  for (const char* ranges : {"pruning.max_range=5 [5,2]", "pruning.max_range=1 [0,0]"}) {
    const std::string_view both = ranges;
    const auto space = both.find(' ');
    const std::vector<std::string> changes = {"feature_cache.policy=region", "feature_cache.kilobytes=8",
                                              std::string(both.substr(0, space)),
                                              fmt::format("feature_cache.region_ranges={}", both.substr(space + 1))};
    configs.push_back(load_preset("nano", changes));
  }
  for_all("job_descriptor", configs, [](const Config& config, StreamBench::Options options) {
    const Block block(config, accel::build_job_descriptor);
    interp::Interpreter sim(block.module, options.seed);
    Random random(options.seed);
    const auto& s = block.s;
    const auto& a = config.attention;
    const int beat_bits = config.memory.data_bits, beat = beat_bits / 8, columns = config.gemm.columns;
    for (const auto* port : {"job_begins", "beat_valid", "check"}) sim.set(port, 0);
    if (config.order.bucket_bits > 0) sim.set("order_held", held_queries);
    sim.set_reset(true);
    sim.step();
    sim.set_reset(false);
    std::set<Verdict> seen;
    const auto run = [&](const Descriptor& d) {
      const auto wanted = judge(config, d);
      seen.insert(wanted);
      sim.set("job_begins", 1);
      sim.step();
      sim.set("job_begins", 0);
      const int words = beat_bits / 32;
      for (int w = 0; w < descriptor_words(config); w += words) {
        while (random.chance(options.stall_percent)) sim.step();
        BitVector data;
        for (int i = 0; i < words; ++i) data.add(d[static_cast<std::size_t>(w + i)], 32);
        sim.set_wide(sim.port("beat"), data.words()), sim.set("beat_valid", 1);
        REQUIRE(sim.get("complete") == (w + words == descriptor_words(config)));
        sim.step();
        sim.set("beat_valid", 0), sim.set_wide(sim.port("beat"), BitVector().add(-1, beat_bits).words());
      }
      sim.set("check", 1);
      for (int limit = 0; sim.get("checked") == 0; ++limit, sim.step()) REQUIRE(limit < 30);
      REQUIRE(sim.get("verdict") == wanted.first);
      REQUIRE(sim.get("bad_word") == static_cast<unsigned>(wanted.second));
      sim.step();
      sim.set("check", 0);
      return wanted.first == 0;
    };
    const auto is = [&](const std::string& name, std::uint64_t value) {
      CAPTURE(name);
      CHECK(sim.get(name) == value);
    };
    const auto same = [&](const std::string& name, std::int64_t value) {
      is("job_" + name, static_cast<std::uint64_t>(value));
    };
    const auto load = [&](const std::string& name, std::int64_t value) {
      is("loads_" + name, static_cast<std::uint64_t>(value));
    };
    const auto list = changes(config);
    for (int i = 0; i < 12 + 12 * static_cast<int>(list.size()); ++i) {
      const bool dense = i % 2 != 0;
      Descriptor d = make(config, dense, random);
      // Legal ones, each change alone, and several.
      if (i >= 12) list[static_cast<std::size_t>(i - 12) / 12](d);
      for (int more = i >= 12 && i / 2 % 2 != 0 ? 2 : 0; more > 0; --more)
        list[static_cast<std::size_t>(random.in(0, static_cast<std::int64_t>(list.size()) - 1))](d);
      if (!run(d)) {
        REQUIRE(i >= 12);
        continue;
      }
      const bool given = !dense && (d[word::flags] & 4) != 0;
      const auto address = [&](int at) {
        const auto w = static_cast<std::size_t>(at);
        return static_cast<std::int64_t>(d[w] | std::uint64_t{d[w + 1]} << 32);
      };
      is("job_id", d[word::job_id]), same("queries", d[word::queries]), same("dense", dense);
      same("query_address", address(word::query_address)), same("query_stride", d[word::query_stride]);
      load("parameter_address", address(word::parameter_address));
      same("output_address", address(word::output_address)), same("output_stride", d[word::output_stride]);
      const int inner = dense ? low(d[word::dense_shape]) : a.embed_dim, steps = gemm_steps(config, inner);
      same("last_step", steps - 1), same("row_tail", inner % row_word(config));
      same("row_beats",
           row_beats(inner, dense ? query_row_bits(config, d) : source_row_bits(config, d), config.memory));
      load("tiles", dense ? high(d[word::dense_panel]) : value_tiles(config));
      load("panel_tiles", dense ? low(d[word::dense_panel]) : value_tiles(config));
      const int together = s.requant_columns(), beside = s.weight_columns();
      load("tile_beats",
           columns / together * divide_up(together * 54, beat_bits) +
               steps * (columns / beside) * divide_up(beside * config.gemm.depth * s.weight_bits(), beat_bits));
      if (config.network.epilogue != 0) {
        const auto scale = [&](const std::string& name, int at) {
          same(name + "_mult", low(d[static_cast<std::size_t>(at)]));
          same(name + "_shift", d[static_cast<std::size_t>(at)] >> 16 & 63);
        };
        const bool position = has(d, accel::flag_position), norm = has(d, accel::flag_norm);
        same("network_stream_queries", has(d, accel::flag_stream_queries)), same("network_position", position);
        same("network_stream_sources", has(d, accel::flag_stream_sources)), same("network_norm", norm);
        if (position) same("network_position_address", address(word::position_address));
        if (has(d, accel::flag_stream_queries)) scale("network_query_operand", word::query_operand);
        if (has(d, accel::flag_stream_sources)) scale("network_source_operand", word::source_operand);
        is("next_host_step", has(d, accel::flag_host_step));
        is("next_link", static_cast<std::uint64_t>(address(word::link)));
        load("norm", norm);
        same("network_scattered", dense && has(d, accel::flag_scattered));
        if (!dense) same("network_reference_stride", d[word::reference_stride]);
        if (norm || moves_boxes(config, d)) same("network_residual_address", address(word::residual_address));
        if (norm) same("network_epsilon", address(word::epsilon));
        same("network_format", d[word::epilogue] & 3), same("network_norm_shift", d[word::epilogue] >> 8);
        if (config.network.activations != no_activations) {
          const auto activation = d[word::epilogue] >> 4 & 3;
          same("network_activation", activation);
          if (activation != 0) scale("network_activation_scale", word::activation_scale);
        }
      }
      if (config.pruning.points != 0 && !dense) same("threshold", d[45]);
      if (config.pruning.count_bits > 0) {
        const bool counts = !dense && d[54] != 0, padded = counts && (d[57] | d[58]) != 0;
        same("pixels_places_counts", counts), same("pixels_padded", padded), load("padded", padded);
        if (counts) same("pixels_share", d[54]), same("pixels_mask_address", address(55));
        if (padded) load("padding_address", address(57));
      }
      if (config.pruning.max_range > 0) {
        same("ranges_held", has(d, 12));
        for (int l = 0; has(d, 12) && l < a.levels; ++l)
          same(fmt::format("ranges_range_{}", l), d[static_cast<std::size_t>(46 + l)]);
      }
      if (dense) {
        const int size = element_bytes(result_width(config)), outputs = high(d[word::dense_shape]);
        same("relu", has(d, accel::flag_relu));
        load("output_beats", divide_up(outputs * size, beat)), same("tail", outputs % (beat / size));
        load("panel_output_beats", divide_up(low(d[word::dense_panel]) * columns * size, beat));
        continue;
      }
      same("boxes", d[word::flags] & 1), same("masked", !given && (d[word::flags] & 2) != 0), same("map_given", given);
      const bool listed = has(d, accel::flag_listed);
      same("listed", listed), same("order_kept", has(d, accel::flag_order_kept));
      if (listed) same("rows", d[word::rows]), same("list_address", address(word::list_address));
      same("reference_address", address(word::reference_address)), same("value_address", address(word::value_address));
      if (!given) same("source_address", address(word::source_address)), same("source_stride", d[word::source_stride]);
      if (!given && (d[word::flags] & 2) != 0) load("mask_address", address(word::mask_address));
      std::int64_t tokens = 0, blocks = 0;
      const auto in_memory = (std::uint64_t{1} << config.memory.address_bits) - 1;
      for (int l = 0; l < a.levels; ++l) {
        const auto side = d[static_cast<std::size_t>(word::levels + l)];
        is(fmt::format("start_{}", l), (static_cast<std::uint64_t>(address(word::value_address)) +
                                        static_cast<std::uint64_t>(blocks * a.heads * block_bytes(config))) &
                                           in_memory);
        is(fmt::format("levels_width_{}", l), static_cast<unsigned>(low(side)));
        is(fmt::format("levels_height_{}", l), static_cast<unsigned>(high(side)));
        if (config.pruning.count_bits > 0) same(fmt::format("pixels_places_first_block_{}", l), blocks);
        tokens += low(side) * high(side), blocks += ((low(side) + 1) / 2) * ((high(side) + 1) / 2);
      }
      load("tokens", tokens), same("blocks", blocks);
      if (config.pruning.count_bits > 0) same("pixels_tokens", tokens);
    }
    // Every rule was the first one at least once.
    std::set<Verdict> all = {
        {0, 0},          {1, word::kind},        {1, word::flags},      {1, word::dense_reserved}, {2, word::queries},
        {2, word::rows}, {9, word::dense_shape}, {9, word::dense_panel}};
    if (config.order.bucket_bits > 0) all.insert({12, word::flags});
    for (int l : {0, a.levels - 1}) all.insert({3, word::levels + l});
    if (a.levels * a.max_width * a.max_height > a.max_tokens) all.insert({10, word::levels});
    for (const int at : {word::query_address, word::reference_address, word::value_address, word::parameter_address,
                         word::output_address, word::source_address, word::mask_address, word::list_address,
                         word::query_stride, word::output_stride, word::source_stride})
      all.insert({4, at});
    if (const auto reserved = reserved_words(config); !reserved.empty())
      all.insert({1, static_cast<int>(reserved.front())});
    if (config.pruning.count_bits > 0) all.insert({4, 55}), all.insert({4, 57});
    if (config.pruning.points != 0) all.insert({13, 45});
    if (config.pruning.max_range > 0)
      for (const int l : {0, a.levels - 1}) all.insert({13, 46 + l});
    if (has_ranged_regions(config)) all.insert({13, word::flags});
    if (config.network.epilogue != 0) {
      for (const int at : {word::query_operand, word::source_operand, word::epsilon, word::epilogue})
        all.insert({1, at});
      if (config.network.activations != no_activations) all.insert({1, word::activation_scale});
      for (const int at : {word::position_address, word::residual_address, word::link, word::reference_stride})
        all.insert({4, at});
    }
    for (const auto& v : all) {
      CAPTURE(v.first);
      CAPTURE(v.second);
      CHECK(seen.contains(v));
    }
  });
}
