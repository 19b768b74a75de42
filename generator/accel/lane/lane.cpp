// A lane: everything from the logits of its heads to their share of the outputs, a sample a cycle. Lanes that share the
// levels begin behind the softmax and end with the sums of their parts of the heads; the rest is that of their column.
#include <fmt/core.h>

#include "accel/blocks.hpp"
#include "accel/cache/cache_entry.hpp"
#include "accel/cache/region.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

// Vectors of live points, or of those of a lane, between softmax and locations.
constexpr int live_vectors = 8;

Stream<Attn> single(const Shapes& s, const Stream<AttnVector>& points) {
  Attn attention(s);
  attention.weight = points.data.weight[0], attention.tag = points.data.tag;
  return {attention, points.valid, points.ready};
}

}  // namespace

const Module& build_lane(Design& d, const Shapes& s) {
  return d.module(s.of_share("sampling_lane"), s, [](Design& d, Module& m, const Shapes& of_cache) {
    const Shapes s = of_cache.lane();  // of blocks that have nothing to do with its cache
    const bool alone = s.level_lanes() == 1;
    m.describe(
        alone ? "A lane of the core: softmax, locations, corner weights, line cache, interpolation and aggregation "
                "of its heads, and their share of the projection by W''. first_head: number of its first head in "
                "the layer."
              : "A lane of a column, with its own levels: locations, corner weights, line cache, interpolation and "
                "aggregation of its part of the heads. first_head: number of their first in the layer.");
    m.parameter("heads", s.a.heads);
    if (!alone) m.parameter("levels", s.a.levels);

    m.note("Samples, one after the other.");
    Instance source, softmax;
    if (alone) {
      source = Instance(m, "point_source", build_point_source(d, s));
      source.pass("rows");
      source.pass("logit_write_enable", "logits_valid"), source.pass("logit_write_address", "logits_address");
      source.pass("logit_write_data", "logits");
      softmax = Instance(m, "softmax", build_softmax(d, s));
      softmax.connect("logit", source);
    }
    Instance index(m, "index_gen", build_index_gen(d, s));
    index.pass({"levels", "boxes"});
    if (s.has_ranges()) index.pass("ranges");
    index.pass("offset_write_enable", "offsets_valid"), index.pass("offset_write_address", "offsets_address");
    index.pass("offset_write_data", "offsets");
    index.pass("reference_write");
    Instance filter, compactor;
    if (s.has_pruned_points()) {
      filter = Instance(m, "point_filter", build_point_filter(d, s));
      filter.pass("threshold");
      if (alone) filter.connect("attention", softmax);
      else filter.pass("attention");
      compactor = Instance(m, "compactor", build_compactor(d, s));
      // Softmax is faster than the lane where points live, and slower where they are dropped.
      compactor.in_stream("points",
                          lib::fifo(d, m, "live_points", filter.out_stream("points", LivePoints(s)), live_vectors));
      index.connect("attention", compactor);
      output(m, "group_freed", index.out<Bool>("group_freed") | compactor.out<Bool>("group_freed"));
    } else if (alone) {
      index.connect("attention", softmax);
      index.pass("group_freed");
    } else {
      auto points = input_stream(m, "attention", AttnVector(s, 1));
      index.in_stream("attention", single(s, lib::fifo(d, m, "points", points, live_vectors)));
      index.pass("group_freed");
    }
    Instance weights(m, "weight_gen", build_weight_gen(d, s));
    // Whether the look-up takes a sample is known late in the cycle: this FIFO keeps that from the blocks before it.
    weights.in_stream("location", lib::fifo(d, m, "locations", index.out_stream("location", Location(s)), 2));

    const bool regions = s.has_regions();
    m.note(!regions         ? "Line cache."
           : s.has_demand() ? "Features: of the region of a group ahead, others by demand."
                            : "Features: of the region of a group ahead.");
    Instance tags(m, regions ? "region_lookup" : "tag_lookup",
                  regions ? build_region_lookup(d, s) : build_tag_lookup(d, of_cache));
    if (!regions) tags.pass("clear");
    if (s.has_pixel_counts()) {
      auto corners = weights.out_stream("corners", Corners(s));
      Instance counts(m, "pixel_counts", build_pixel_counts(d, s));
      counts.pass({"clear", "places", "levels"});
      counts.in("taken", corners.fire()), counts.in("corners", ReadCorners(corners.data));
      counts.pass("read", "count_read"), counts.pass("counts");
      tags.in_stream("corners", corners);
      Bool clearing = counts.out<Bool>("clearing");
      output(m, "clearing", regions ? clearing : clearing | tags.out<Bool>("clearing"));
    } else {
      tags.connect("corners", weights);
      if (regions) output(m, "clearing", Bool::constant(m, false));
      else tags.pass("clearing");
    }
    tags.pass({"hits", "misses"});
    Instance fetch;
    if (s.has_demand()) {
      fetch = Instance(m, "line_fetch", build_line_fetch(d, s));
      fetch.pass({"levels", "first_head"});
      for (int l = 0; l < s.a.levels; ++l) fetch.pass(fmt::format("start_{}", l));
      fetch.connect("miss", tags);
      fetch.pass("data", "feature_data"), fetch.pass("data_valid", "feature_valid");
      fetch.pass("request", "feature_burst");
    }
    Instance buffer(m, "feature_buffer", build_feature_buffer(d, of_cache));
    buffer.connect("entry", tags);
    if (s.fills_two()) buffer.connect({"line_0", "line_1"}, fetch);
    else if (s.has_demand()) buffer.connect("line", fetch, "line_out");
    if (regions) {
      Instance ahead(m, "region_fetch", build_region_fetch(d, s));
      ahead.pass({"clear", "map_complete", "levels", "first_head"});
      for (int l = 0; l < s.a.levels; ++l) ahead.pass(fmt::format("start_{}", l));
      // All references of a group of the PE array must pass the planner before the first of its queries is sampled.
      ahead.in_stream("group", lib::sram_fifo(d, m, "regions", input_stream(m, "region", RegionGroup(s)),
                                              power_of_two(std::max(2, s.rows()))));
      tags.in_stream("group", lib::fifo(d, m, "begun_regions", ahead.out_stream("begun", RegionGroup(s)), 2));
      ahead.pass("data", "feature_data"), ahead.pass("data_valid", "region_data_valid");
      ahead.pass("request", "region_burst");
      buffer.connect("region", ahead, "line");
      ahead.connect("freed", buffer);
    }
    auto sample = buffer.out_stream("sample", Sample(s));

    m.note(alone ? "Interpolation, aggregation, and the projection of each head." : "Interpolation and aggregation.");
    output(m, "sample_taken", sample.fire());
    if (!s.has_join()) output(m, "sample_ends_query", sample.data.last_of_query);
    else if (!alone) discard(sample.data.last_of_query);
    output(m, "lane_blocked", sample.valid & ~sample.ready);
    buffer.pass("waiting", "feature_missing");
    Instance interpolate(m, "interpolate", build_interpolate(d, s));
    interpolate.in_stream("sample", sample);
    if (!alone) {
      if (s.has_pruned_points()) filter.pass("head", "mark");
      output_stream(
          m, "sums",
          lib::fifo(d, m, "sums_of_heads", interpolate.out_stream("head", HeadSums(s)), s.config.core.queued_heads));
      return;
    }
    Instance requantise(m, "head_requantise", build_head_requantise(d, s));
    requantise.pass("table", "head_requant");
    if (s.has_pruned_points()) {
      Instance join(m, "head_join", build_head_join(d, s));
      join.connect("mark", filter, "head");
      join.in_stream("sums",
                     lib::fifo(d, m, "sums", interpolate.out_stream("head", HeadSums(s)), s.config.core.queued_heads));
      join.pass("ends_query", "query_ends");
      requantise.connect("head", join);
    } else {
      requantise.connect("head", interpolate);
    }
    Instance projection(m, "head_projection", build_head_projection(d, s));
    projection.pass("weights", "output_weights");
    // The projection holds a head for as long as it works on it; the next one is collected meanwhile.
    projection.in_stream("vector", lib::fifo(d, m, "heads", requantise.out_stream("vector", HeadVector(s)), 2));
    projection.pass("sums");
  });
}

}  // namespace quillgen::accel
