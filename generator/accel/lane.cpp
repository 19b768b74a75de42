// A lane: everything from the logits of its heads to their share of the outputs, a sample a cycle.
#include <fmt/format.h>

#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "accel/region.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

const Module& build_lane(Design& d, const Shapes& s) {
  return d.module("sampling_lane", s, [](Design& d, Module& m, const Shapes& s) {
    const int columns = s.projection_columns(), groups = s.projection_groups(), units = head_requant_units(s.a);
    const int sample_address_bits = s.slot_bits() + s.sample_bits();
    m.describe(
        "A lane of the core: softmax, locations, corner weights, line cache, interpolation and aggregation of its "
        "heads, and their share of the projection by W''. first_head: number of its first head in the layer.");
    m.parameter("heads", s.a.heads);
    auto levels = input(m, "levels", LevelShapes(s));
    auto sample_valid = input(m, "sample_valid", Bool());
    auto sample_address = input(m, "sample_address", UInt(sample_address_bits));

    m.note("Samples, one after the other.");
    Instance source(m, "point_source", build_point_source(d, s));
    source.in_stream("group", input_stream(m, "group", UInt(s.rows_bits())));
    source.in("logit_write_enable", sample_valid);
    source.in("logit_write_address", sample_address);
    source.in("logit_write_data", input(m, "sample_logit", UInt(s.n.logit_bits())));
    Instance softmax(m, "softmax", build_softmax(d, s));
    softmax.in_stream("logit", source.out_stream("logit", Logit(s)));
    Instance index(m, "index_gen", build_index_gen(d, s));
    index.in("levels", levels);
    index.in("boxes", input(m, "boxes", Bool()));
    index.in("offset_write_enable", sample_valid);
    index.in("offset_write_address", sample_address);
    index.in("offset_write_data", input(m, "sample_offsets", UInt(2 * s.n.offset_bits())));
    index.in("reference_write_enable", input(m, "reference_write_enable", Bool()));
    index.in("reference_write_address", input(m, "reference_write_address", UInt(s.slot_bits() + s.level_bits())));
    index.in("reference_write_data", input(m, "reference_write_data", UInt(s.reference_word_bits())));
    index.in_stream("attention", softmax.out_stream("attention", Attn(s)));
    output(m, "group_freed", index.out("group_freed", Bool()));
    Instance weights(m, "weight_gen", build_weight_gen(d, s));
    // Whether the look-up takes a sample is known late in the cycle: this FIFO keeps that from the blocks before it.
    weights.in_stream("location", lib::fifo(d, m, "locations", index.out_stream("location", Location(s)), 2));

    const bool regions = s.has_regions();
    m.note(regions ? "Features: of the region of a group ahead, others by demand." : "Line cache.");
    auto clear = input(m, "clear", Bool());
    Instance tags(m, regions ? "region_lookup" : "tag_lookup",
                  regions ? build_region_lookup(d, s) : build_tag_lookup(d, s));
    if (!regions) tags.in("clear", clear);
    tags.in_stream("corners", weights.out_stream("corners", Corners(s)));
    output(m, "clearing", regions ? Bool::constant(m, false) : tags.out("clearing", Bool()));
    output(m, "hits", tags.out("hits", UInt(3)));
    output(m, "misses", tags.out("misses", UInt(3)));
    Instance fetch(m, "line_fetch", build_line_fetch(d, s));
    fetch.in("levels", levels);
    std::vector<UInt> starts;
    for (int l = 0; l < s.a.levels; ++l) {
      const std::string start = fmt::format("start_{}", l);
      starts.push_back(input(m, start, UInt(s.address_bits())));
      fetch.in(start, starts.back());
    }
    auto first_head = input(m, "first_head", UInt(Shapes::bits(s.config.attention.heads)));
    fetch.in("first_head", first_head);
    fetch.in_stream("miss", tags.out_stream("miss", LineName(s)));
    auto data = input(m, "feature_data", UInt(s.data_bits()));
    fetch.in("data", data);
    fetch.in("data_valid", input(m, "feature_valid", Bool()));
    output_stream(m, "feature_burst", fetch.out_stream("request", BurstRequest(s)));
    Instance buffer(m, "feature_buffer", build_feature_buffer(d, s));
    buffer.in_stream("entry", tags.out_stream("entry", QueueEntry(s)));
    buffer.in_stream("line", fetch.out_stream("line_out", UInt(s.line_bits())));
    if (regions) {
      Instance ahead(m, "region_fetch", build_region_fetch(d, s));
      ahead.in("clear", clear), ahead.in("map_complete", input(m, "map_complete", Bool()));
      ahead.in("levels", levels), ahead.in("first_head", first_head);
      for (std::size_t l = 0; l < starts.size(); ++l) ahead.in(fmt::format("start_{}", l), starts[l]);
      // All references of a group of the PE array must pass the planner before the first of its queries is sampled.
      ahead.in_stream("group", lib::sram_fifo(d, m, "regions", input_stream(m, "region", RegionGroup(s)),
                                              power_of_two(std::max(2, s.rows()))));
      tags.in_stream("group", lib::fifo(d, m, "begun_regions", ahead.out_stream("begun", RegionGroup(s)), 2));
      ahead.in("data", data), ahead.in("data_valid", input(m, "region_data_valid", Bool()));
      output_stream(m, "region_burst", ahead.out_stream("request", BurstRequest(s)));
      buffer.in_stream("region", ahead.out_stream("line", RegionLine(s)));
      ahead.in("freed", buffer.out("freed", Bool()));
    }
    auto sample = buffer.out_stream("sample", Sample(s));

    m.note("Interpolation, aggregation, and the projection of each head.");
    output(m, "sample_taken", sample.fire());
    output(m, "sample_ends_query", sample.data.last_of_query);
    output(m, "lane_blocked", sample.valid & ~sample.ready);
    output(m, "feature_missing", buffer.out("waiting", Bool()));
    Instance interpolate(m, "interpolate", build_interpolate(d, s));
    interpolate.in_stream("sample", sample);
    Instance requantise(m, "head_requantise", build_head_requantise(d, s));
    requantise.in("table", input(m, "head_requant",
                                 TableWrite{Bool(), UInt(1), UInt(Shapes::bits(s.a.embed_dim / units)),
                                            UInt(units * (lib::mult_bits + lib::shift_bits))}));
    requantise.in_stream("head", interpolate.out_stream("head", HeadSums(s)));
    Instance projection(m, "head_projection", build_head_projection(d, s));
    projection.in("weights",
                  input(m, "output_weights",
                        TableWrite{Bool(), UInt(Shapes::bits(columns)), UInt(Shapes::bits(s.a.heads * groups)),
                                   UInt(s.a.head_dim() * s.n.output_weight_bits)}));
    // The projection holds a head for as long as it works on it; the next one is collected meanwhile.
    projection.in_stream("vector", lib::fifo(d, m, "heads", requantise.out_stream("vector", HeadVector(s)), 2));
    output_stream(m, "sums", projection.out_stream("sums", UInt(columns * s.output_acc_bits())));
  });
}

}  // namespace quillgen::accel
