// The MSDeformAttn core: from query words and references to output groups, in one pass.
#include "accel/blocks.hpp"
#include "accel/cache_entry.hpp"
#include "lib/counter.hpp"
#include "lib/fifo.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

TableWrite table_port(Module& m, const std::string& name, int banks, int words, int bits) {
  return input(m, name, TableWrite{Bool(), UInt(Shapes::bits(banks)), UInt(Shapes::bits(words)), UInt(bits)});
}

}  // namespace

const Module& build_core(Design& d, const Shapes& s) {
  return d.module("msda_core", [&](Module& m) {
    const int columns = s.projection_columns(), groups = s.projection_groups(), units = head_requant_units(s.a);
    m.describe(
        "MSDeformAttn core: offset and logit projection, softmax, locations, corner weights, line cache, interpolation "
        "and aggregation, projection by W''. "
        "Nothing between query and output leaves the chip.");
    auto start = input(m, "start", Bool());
    auto queries = input(m, "queries", UInt(s.query_bits()));
    auto levels = input(m, "levels", LevelShapes(s));
    std::vector<UInt> starts;
    for (int l = 0; l < s.a.levels; ++l)
      starts.push_back(input(m, "start_" + std::to_string(l), UInt(s.address_bits())));
    auto clear = input(m, "clear", Bool());
    auto feature_data = input(m, "feature_data", UInt(s.data_bits()));
    auto feature_valid = input(m, "feature_valid", Bool());
    auto freed = wire(m, "group_freed", Bool());

    m.note("Offsets and logits of a group of queries.");
    Instance projection(m, "query_projection", build_query_projection(d, s));
    projection.in("start", start);
    projection.in("queries", queries);
    projection.in("freed", static_cast<Bool>(freed));
    projection.in("weights", table_port(m, "query_weights", s.config.gemm.columns, s.tiles() * s.steps(),
                                        s.config.gemm.depth * s.n.query_weight_bits));
    projection.in("table", table_port(m, "query_requant", 1, s.a.samples_per_query(), 3 * lib::requant_entry_bits));
    projection.in_stream("word", input_stream(m, "word", UInt(s.config.gemm.depth * s.n.query_bits)));
    Bool sample_valid = projection.out("sample_valid", Bool());
    UInt sample_address = concat(
        {projection.out("sample_slot", UInt(s.slot_bits())), projection.out("sample_number", UInt(s.sample_bits()))});

    m.note("A group is worked on when its samples and its references are there.");
    auto projected = projection.out_stream("projected", UInt(s.rows_bits()));
    auto referenced = input_stream(m, "references_of_group", UInt(1));
    discard(referenced.data);
    auto group = stream(m, "group", projected.valid & referenced.valid, projected.data);
    projected.ready.drive(group.ready & referenced.valid);
    referenced.ready.drive(group.ready & projected.valid);

    m.note("Samples, one after the other.");
    Instance source(m, "point_source", build_point_source(d, s));
    source.in_stream("group", group);
    source.in("logit_write_enable", sample_valid);
    source.in("logit_write_address", sample_address);
    source.in("logit_write_data", projection.out("sample_logit", UInt(s.n.logit_bits())));
    Instance softmax(m, "softmax", build_softmax(d, s));
    softmax.in_stream("logit", source.out_stream("logit", Logit(s)));
    Instance index(m, "index_gen", build_index_gen(d, s));
    index.in("levels", levels);
    index.in("boxes", input(m, "boxes", Bool()));
    index.in("offset_write_enable", sample_valid);
    index.in("offset_write_address", sample_address);
    index.in("offset_write_data", concat({projection.out("sample_offset_y", UInt(s.n.offset_bits())),
                                          projection.out("sample_offset_x", UInt(s.n.offset_bits()))}));
    index.in("reference_write_enable", input(m, "reference_write_enable", Bool()));
    index.in("reference_write_address", input(m, "reference_write_address", UInt(s.slot_bits() + s.level_bits())));
    index.in("reference_write_data", input(m, "reference_write_data", UInt(s.reference_word_bits())));
    index.in_stream("attention", softmax.out_stream("attention", Attn(s)));
    freed.drive(index.out("group_freed", Bool()));
    output(m, "freed", static_cast<Bool>(freed));
    Instance weights(m, "weight_gen", build_weight_gen(d, s));
    weights.in_stream("location", index.out_stream("location", Location(s)));

    m.note("Line cache.");
    Instance tags(m, "tag_lookup", build_tag_lookup(d, s));
    tags.in("clear", clear);
    tags.in_stream("corners", weights.out_stream("corners", Corners(s)));
    output(m, "clearing", tags.out("clearing", Bool()));
    output(m, "hits", tags.out("hits", UInt(3)));
    output(m, "misses", tags.out("misses", UInt(3)));
    Instance fetch(m, "line_fetch", build_line_fetch(d, s));
    fetch.in("levels", levels);
    for (int l = 0; l < s.a.levels; ++l) fetch.in("start_" + std::to_string(l), starts[static_cast<std::size_t>(l)]);
    fetch.in_stream("miss", tags.out_stream("miss", LineName(s)));
    fetch.in("data", feature_data);
    fetch.in("data_valid", feature_valid);
    output_stream(m, "feature_burst", fetch.out_stream("request", BurstRequest(s)));
    Instance buffer(m, "feature_buffer", build_feature_buffer(d, s));
    buffer.in_stream("entry", tags.out_stream("entry", QueueEntry(s)));
    buffer.in_stream("line", fetch.out_stream("line_out", UInt(s.line_bits())));
    auto sample = buffer.out_stream("sample", Sample(s));

    m.note("Interpolation, aggregation, and the projection of each head.");
    output(m, "sample_taken", sample.fire());
    output(m, "sample_ends_query", sample.data.last_of_query);
    output(m, "lane_blocked", sample.valid & ~sample.ready);
    output(m, "feature_missing", buffer.out("waiting", Bool()));
    Instance interpolate(m, "interpolate", build_interpolate(d, s));
    interpolate.in_stream("sample", sample);
    Instance requantise(m, "head_requantise", build_head_requantise(d, s));
    requantise.in("table",
                  table_port(m, "head_requant", 1, s.a.embed_dim / units, units * (lib::mult_bits + lib::shift_bits)));
    requantise.in_stream("head", interpolate.out_stream("head", HeadSums(s)));
    Instance output_projection(m, "head_projection", build_head_projection(d, s));
    output_projection.in("weights", table_port(m, "output_weights", columns, s.a.heads * groups,
                                               s.a.head_dim() * s.n.output_weight_bits));
    output_projection.in("table", table_port(m, "output_requant", columns, groups, lib::requant_entry_bits));
    // The projection holds a head for as long as it works on it; the next one is collected meanwhile.
    output_projection.in_stream("vector", lib::fifo(d, m, "heads", requantise.out_stream("vector", HeadVector(s)), 2));
    output_stream(m, "output", output_projection.out_stream("output", OutputGroup(s)));
  });
}

}  // namespace quillgen::accel
