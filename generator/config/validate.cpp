// The legal ranges: single numbers by the table of fields, then what several numbers must satisfy together.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>

#include "config/derived.hpp"
#include "config/error.hpp"
#include "config/fields.hpp"
#include "config/json_text.hpp"
#include "config/load.hpp"
#include "config/region.hpp"

namespace quillgen {
namespace {

template <typename Value>
[[noreturn]] void refuse(std::string_view path, const Value& value, std::string_view constraint, std::string_view fix) {
  throw UserError(fmt::format("{} = {}: must be {}; {}", path, value, constraint, fix));
}

int nearest_legal(const Field& f, int value) {
  const int v = std::clamp(value, f.min, f.max);
  if (f.shape == Shape::PowerOfTwo) return static_cast<int>(std::bit_floor(static_cast<unsigned>(v)));
  return v;
}

void check_range(const Field& f, int value) {
  const int legal = nearest_legal(f, value);
  if (legal == value) return;
  static constexpr std::string_view kinds[] = {"", "a power of two ", "", ""};
  const auto constraint = fmt::format("{}from {} to {}", kinds[static_cast<int>(f.shape)], f.min, f.max);
  refuse(f.path(), value, constraint, fmt::format("choose {}, for example", legal));
}

void check_name(const std::string& name) {
  const auto legal = [](char ch) {
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';
  };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), legal))
    refuse("name", shown(name), "1 to 64 letters, digits, _ or -", "choose such a name");
}

void check_level_points(const Config& c) {
  const auto& points = c.attention.level_points;
  if (points.empty()) return;
  const std::string path = "attention.level_points", all = fmt::format("[{}]", fmt::join(points, ", "));
  if (static_cast<int>(points.size()) != c.attention.levels)
    refuse(path, all, fmt::format("a number for each of attention.levels = {}, or empty", c.attention.levels),
           "add or remove numbers");
  for (std::size_t l = 0; l < points.size(); ++l)
    if (points[l] < 1 || points[l] > c.attention.points)
      refuse(fmt::format("{}[{}]", path, l), points[l],
             fmt::format("from 1 to attention.points = {}", c.attention.points), "change one of the two");
  if (*std::ranges::max_element(points) != c.attention.points)
    refuse("attention.points", c.attention.points, fmt::format("the largest of {} = {}", path, all),
           fmt::format("set it to {}", *std::ranges::max_element(points)));
  if (c.core.level_lanes > 1 && *std::ranges::min_element(points) != c.attention.points)
    refuse("core.level_lanes", c.core.level_lanes,
           fmt::format("1 with {} = {}: lanes that share a softmax take as many points each", path, all),
           "set it to 1, and raise core.head_lanes");
}

void check_anchors(const Config& c) {
  if (c.attention.anchors == 1) return;
  const auto check = [&](bool holds, std::string_view path, auto value, const char* constraint, const char* fix) {
    if (!holds)
      refuse(std::string(path), value, fmt::format("{} with attention.anchors = {}", constraint, c.attention.anchors),
             fix);
  };
  if (c.attention.anchors > c.attention.points)
    refuse("attention.anchors", c.attention.anchors,
           fmt::format("at most attention.points ({}), since no point is measured from another", c.attention.points),
           "lower it");
  check(c.core.level_lanes == 1, "core.level_lanes", c.core.level_lanes, "1", "set it to 1, and raise core.head_lanes");
  check(c.core.points_per_cycle == 1, "core.points_per_cycle", c.core.points_per_cycle, "1", "set it to 1");
  check(c.feature_cache.policy != region_policy, "feature_cache.policy", "region",
        "line, since regions lie around one reference", "set it to line");
  check(c.network.epilogue == 0, "network.epilogue", "true", "false, since boxes are refined as one reference",
        "set it to false");
}

void check_attention(const Attention& a) {
  if (a.embed_dim % a.heads != 0)
    refuse("attention.embed_dim", a.embed_dim, fmt::format("a multiple of attention.heads ({})", a.heads),
           "change one of the two");
  const int d = a.head_dim();
  if (d % 2 != 0 || d < 2 || d > 64)
    refuse("attention.embed_dim / attention.heads", d, "even and from 2 to 64", "change one of the two");
}

void check_numerics(const Numerics& n, const Attention& a) {
  const int product = n.attention_bits + 2 * n.interp_frac_bits;
  if (product < n.corner_bits)
    refuse("numerics.corner_bits", n.corner_bits,
           fmt::format("at most attention_bits + 2 * interp_frac_bits = {}", product),
           "lower it, or raise one of the other two");
  if (2 * a.samples_per_head() > 1 << n.corner_bits)
    refuse("numerics.corner_bits", n.corner_bits,
           fmt::format("enough that 2^corner_bits >= 2 * levels * points = {}", 2 * a.samples_per_head()),
           fmt::format("set it to {} or more", std::bit_width(static_cast<unsigned>(2 * a.samples_per_head() - 1))));
}

void check_line(const Config& c) {
  if (block_beats(c) > 16)
    refuse("memory.data_bits", c.memory.data_bits,
           fmt::format("enough that a line of {} bytes (2x2 pixels of {} channels) is at most 16 beats", block_bytes(c),
                       c.attention.head_dim()),
           fmt::format("set it to {} or more, or raise attention.heads", block_bytes(c) / 16 * 8));
  const auto shape = c.feature_cache.line_shape;
  if (line_bytes(c) % beat_bytes(c.memory) != 0)
    refuse("feature_cache.line_shape", shape == line_1x1 ? "1x1" : "2x1",
           fmt::format("a shape whose pixels of {} channels ({} bytes) are whole beats of {} bytes",
                       c.attention.head_dim(), line_bytes(c), beat_bytes(c.memory)),
           "choose 2x2, or change memory.data_bits or the channels of a head");
}

void check_cache(const Config& c) {
  const auto& cache = c.feature_cache;
  if (cache.policy != line_policy) return;
  // Two sets in each tag bank of each lane, and with shares of the levels for each of these.
  const auto check = [&](const std::string& path, int value, const char* what, int bytes, int lanes, auto mend) {
    const int least = 2 * tag_banks * cache.ways * cached_line_bytes(c) * lanes;
    if (bytes >= least) return;
    refuse(path, value,
           fmt::format("such that {} / {} (bytes of a line) / {} (tag banks) / {} (ways) / {} (lanes) is 2 or more",
                       what, cached_line_bytes(c), tag_banks, cache.ways, lanes),
           mend(least) + (cache.ways > 1 ? ", or lower feature_cache.ways" : ""));
  };
  check("feature_cache.kilobytes", cache.kilobytes, "kilobytes * 1024", cache_bytes(c), c.core.lanes(),
        [](int least) { return fmt::format("set it to {}", divide_up(least, 1024)); });
  for (int l = 0; l < static_cast<int>(cache.level_parts.size()); ++l) {
    const int bytes = level_bytes(c, l);
    check(fmt::format("feature_cache.level_parts[{}]", l), cache.level_parts[static_cast<std::size_t>(l)],
          fmt::format("its {} bytes", bytes).c_str(), bytes, c.core.head_lanes, [&](int least) {
            return fmt::format("give it a larger part, or set feature_cache.kilobytes to {}",
                               cache.kilobytes * divide_up(least, std::max(bytes, 1)));
          });
  }
}

void check_lanes(const Config& c) {
  const int lanes = c.core.lanes(), level_lanes = c.core.level_lanes;
  if (c.attention.heads % c.core.head_lanes != 0)
    refuse("core.head_lanes", c.core.head_lanes, fmt::format("a divisor of attention.heads ({})", c.attention.heads),
           "change one of the two");
  if (c.attention.levels % level_lanes != 0)
    refuse("core.level_lanes", level_lanes, fmt::format("a divisor of attention.levels ({})", c.attention.levels),
           "change one of the two");
  constexpr int most = 32;
  if (lanes > most)
    refuse("core.level_lanes", level_lanes,
           fmt::format("at most {} with core.head_lanes = {}", most / c.core.head_lanes, c.core.head_lanes),
           "lower one of the two");
  if (level_lanes > 1 && c.feature_cache.policy == region_policy)
    refuse("core.level_lanes", level_lanes, "1 with feature_cache.policy = region, which is for head lanes alone",
           "set it to 1, or the policy to line");
  if (c.gemm.columns % columns_step(c) != 0)
    refuse("gemm.columns", c.gemm.columns,
           fmt::format("a multiple of attention.embed_dim / attention.heads ({}) and of twice the lanes ({})",
                       c.attention.head_dim(), 2 * lanes),
           columns_step(c) <= most_columns
               ? fmt::format("set it to {}, for example", fitting_columns(c))
               : fmt::format("no multiple of both is at most {}: change one of the two", most_columns));
  if (c.memory.max_outstanding < 4 * lanes)
    refuse("memory.max_outstanding", c.memory.max_outstanding, fmt::format("at least 4 for each lane ({})", 4 * lanes),
           "raise it");
}

void check_panels(const Config& c) {
  constexpr int most = 1 << 16;
  if (weight_words(c) <= most) return;
  refuse("gemm.max_inner", c.gemm.max_inner,
         fmt::format("such that the weight memories have at most {} words (they would have {})", most, weight_words(c)),
         "lower it, or raise gemm.depth or gemm.columns");
}

/// How the value of a choice is written.
std::string_view name_of(std::string_view path, const Config& c) {
  const auto field = std::ranges::find_if(fields(), [&](const Field& f) { return f.path() == path; });
  return field->choices[static_cast<std::size_t>(field->get(c))];
}

void check_pruning(const Config& c) {
  if (c.pruning.count_bits > 0 && c.pruning.count_bits < 8)
    refuse("pruning.count_bits", c.pruning.count_bits, "0, or 8 to 16", "set it to 8, or to 0 if no pixel is counted");
  if (c.pruning.points != 0 && c.feature_cache.policy == region_policy)
    refuse("pruning.points", "true", "false with feature_cache.policy = region, whose regions count every sample",
           "set it to false, or the policy to line");
  const int at_once = c.core.points_per_cycle;
  if (at_once == 1) return;
  const auto check = [&](bool holds, const std::string& constraint, std::string_view fix) {
    if (!holds) refuse("core.points_per_cycle", at_once, constraint, fix);
  };
  check(c.pruning.points != 0, "1 without pruning.points", "set it to 1, or pruning.points to true");
  check(c.attention.points % at_once == 0, fmt::format("a divisor of attention.points ({})", c.attention.points),
        "lower it");
  for (int l = 0; l < c.attention.levels; ++l)
    check(c.attention.points_of(l) % at_once == 0,
          fmt::format("a divisor of attention.level_points[{}] ({})", l, c.attention.points_of(l)), "lower it");
  check(lane_points(c) % at_once == 0, fmt::format("a divisor of gemm.columns / twice the lanes ({})", lane_points(c)),
        "lower it, or change gemm.columns");
}

void check_network(const Config& c) {
  if (c.network.epilogue == 0 && c.network.activations != no_activations)
    refuse("network.activations", name_of("network.activations", c), "none without network.epilogue",
           "set it to none, or network.epilogue to true");
  const int in_beat = beat_bytes(c.memory) / element_bytes(result_width(c));
  if (c.network.epilogue != 0 && c.attention.embed_dim % in_beat != 0)
    refuse("attention.embed_dim", c.attention.embed_dim,
           fmt::format("a multiple of the {} elements of a beat with network.epilogue", in_beat),
           "lower memory.data_bits, or change it");
}

void check_self_attention(const Config& c) {
  const int most = c.network.self_attention, head = c.attention.head_dim();
  if (most == 0) return;
  const int weight_bits = std::max(c.numerics.query_weight_bits, c.numerics.feature_weight_bits);
  if (c.network.epilogue == 0)
    refuse("network.self_attention", most, "0 without network.epilogue", "set it to 0, or network.epilogue to true");
  if (most > c.attention.max_queries)
    refuse("network.self_attention", most, fmt::format("at most attention.max_queries ({})", c.attention.max_queries),
           "lower it, or raise attention.max_queries");
  if (c.numerics.query_bits > weight_bits)
    refuse(
        "numerics.query_bits", c.numerics.query_bits,
        fmt::format("at most the {} bits of a weight with network.self_attention, whose keys are weights", weight_bits),
        "lower it, or raise numerics.query_weight_bits");
  if (head % c.gemm.depth != 0)
    refuse("gemm.depth", c.gemm.depth,
           fmt::format("a divisor of attention.embed_dim / attention.heads ({}) with network.self_attention", head),
           "lower it");
}

void check_order(const Order& order) {
  if (order.distance_units > order.window)
    refuse("order.distance_units", order.distance_units, fmt::format("at most order.window ({})", order.window),
           "lower it, or raise order.window");
  if (order.curve != strip_curve) return;
  if (order.bucket_bits == 0)
    refuse("order.curve", "strips", "hilbert without order.bucket_bits, whose cells it orders",
           "raise order.bucket_bits to 6, for example, or set it to hilbert");
  if (order.strip_width > 1 << order.bucket_bits)
    refuse("order.strip_width", order.strip_width,
           fmt::format("at most the 2^order.bucket_bits = {} cells of a row", 1 << order.bucket_bits),
           "lower it, or raise order.bucket_bits");
}

void check_level_shares(const Config& c) {
  const auto& shares = c.feature_cache.level_parts;
  if (shares.empty()) return;
  const std::string path = "feature_cache.level_parts";
  if (static_cast<int>(shares.size()) != c.attention.levels)
    refuse(path, fmt::format("[{}]", fmt::join(shares, ", ")),
           fmt::format("a number for each of attention.levels = {}, or empty", c.attention.levels),
           "add or remove numbers");
  constexpr int most = 1024;
  for (std::size_t l = 0; l < shares.size(); ++l)
    if (shares[l] < 1 || shares[l] > most || !std::has_single_bit(static_cast<unsigned>(shares[l])))
      refuse(fmt::format("{}[{}]", path, l), shares[l], fmt::format("a power of two from 1 to {}", most),
             "choose such a number");
  const int sum = std::accumulate(shares.begin(), shares.end(), 0);
  const auto list = [&] { return fmt::format("[{}]", fmt::join(shares, ", ")); };
  if (!std::has_single_bit(static_cast<unsigned>(sum)))
    refuse(path, list(), fmt::format("numbers that add up to a power of two, not to {}", sum), "change one of them");
  for (int first = 0; c.core.level_lanes > 1 && first < c.attention.levels; first += lane_levels(c)) {
    const auto begin = shares.begin() + first;
    const int of_lane = std::accumulate(begin, begin + lane_levels(c), 0);
    if (!std::has_single_bit(static_cast<unsigned>(of_lane)))
      refuse(
          path, list(),
          fmt::format("numbers of which those of the levels of a lane add up to a power of two; those of levels {} to "
                      "{} add up to {}",
                      first, first + lane_levels(c) - 1, of_lane),
          "change one of them, or core.level_lanes");
  }
}

void check_region_ranges(const Config& c) {
  const auto& ranges = c.feature_cache.region_ranges;
  const std::string path = "feature_cache.region_ranges", all = fmt::format("[{}]", fmt::join(ranges, ", "));
  const auto list = std::ranges::find(level_lists(), "region_ranges", &LevelList::key);
  if (static_cast<int>(ranges.size()) != c.attention.levels)
    refuse(path, all, fmt::format("a number for each of attention.levels = {}, or empty", c.attention.levels),
           "add or remove numbers");
  for (std::size_t l = 0; l < ranges.size(); ++l)
    if (ranges[l] < list->min || ranges[l] > list->max)
      refuse(fmt::format("{}[{}]", path, l), ranges[l], fmt::format("from {} to {}", list->min, list->max),
             "choose such a number");
  if (std::max(c.attention.max_width, c.attention.max_height) <= 2)
    refuse(path, all, "empty where no level is larger than a block of 2x2 pixels, which needs no region",
           "set it to [], or feature_cache.policy to line");
  if (!c.feature_cache.level_parts.empty())
    refuse("feature_cache.level_parts", fmt::format("[{}]", fmt::join(c.feature_cache.level_parts, ", ")),
           "empty with feature_cache.region_ranges, from which the parts of the levels follow", "set it to []");
  const int most = std::max(1, *std::ranges::max_element(ranges));
  if (c.pruning.max_range != most)
    refuse("pruning.max_range", c.pruning.max_range,
           fmt::format("{} with {} = {}, the largest of which it is, at least 1", most, path, all),
           fmt::format("set it to {}", most));
  const std::int64_t needed = (least_region_bytes(c) + 1023) / 1024;
  if (needed <= c.feature_cache.kilobytes) return;
  constexpr int largest = 1024;
  refuse("feature_cache.kilobytes", c.feature_cache.kilobytes,
         fmt::format("at least {}, which the windows of one query need with {} = {}", needed, path, all),
         needed <= largest ? fmt::format("set it to {}", power_of_two(static_cast<int>(needed)))
                           : fmt::format("lower the ranges: at most {} can be had", largest));
}

void check_regions(const Config& c) {
  const auto& cache = c.feature_cache;
  if (cache.policy != region_policy) return;
  if (cache.line_shape != line_2x2)
    refuse("feature_cache.line_shape", cache.line_shape == line_2x1 ? "2x1" : "1x1",
           "2x2 with feature_cache.policy = region", "set it to 2x2, or the policy to line");
  if (cache.bypass_distance != 0)
    refuse("feature_cache.bypass_distance", cache.bypass_distance,
           "0 with feature_cache.policy = region, where every sample outside its region is read by itself",
           "set it to 0, or the policy to line");
  if (cache.lines_per_cycle != 1)
    refuse("feature_cache.lines_per_cycle", cache.lines_per_cycle,
           "1 with feature_cache.policy = region, whose lines are brought ahead",
           "leave it out, or set the policy to line");
  if (cache.hashing == 0)
    refuse("feature_cache.hashing", "false", "true with feature_cache.policy = region, which has no sets",
           "leave it out, or set the policy to line");
  if (c.attention.max_width == 1 && c.attention.max_height == 1)
    refuse("attention.max_width", 1, "2 or more, or max_height, with feature_cache.policy = region",
           "raise one of them");
  if (!cache.region_ranges.empty()) return check_region_ranges(c);
  const auto levels = region_levels(c);
  if (std::any_of(levels.begin(), levels.end(), [](const RegionLevel& l) { return l.has_window(); })) return;
  const int least = divide_up(2 * 4 * line_bytes(c) * region_heads(c) * c.core.lanes(), 1024);
  refuse("feature_cache.kilobytes", cache.kilobytes,
         fmt::format("such that each half holds 2x2 blocks ({} bytes with the heads of all lanes) of a level or more",
                     4 * line_bytes(c) * region_heads(c) * c.core.lanes()),
         cache.level_parts.empty() ? fmt::format("set it to {}", power_of_two(least) * power_of_two(c.attention.levels))
                                   : fmt::format("give a level a larger one of feature_cache.level_parts: {} kilobytes",
                                                 power_of_two(least)));
}

}  // namespace

void validate(const Config& c) {
  check_name(c.name);
  for (const auto& f : fields()) check_range(f, f.get(c));
  check_attention(c.attention);
  check_level_points(c);
  check_numerics(c.numerics, c.attention);
  if (c.core.projection_columns > c.attention.embed_dim)
    refuse("core.projection_columns", c.core.projection_columns,
           fmt::format("at most attention.embed_dim ({})", c.attention.embed_dim), "lower it");
  check_lanes(c);
  check_order(c.order);
  check_level_shares(c);
  check_self_attention(c);
  check_panels(c);
  check_network(c);
  check_pruning(c);
  check_anchors(c);
  check_line(c);
  check_cache(c);
  check_regions(c);
}

}  // namespace quillgen
