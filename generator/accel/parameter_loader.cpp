#include "accel/parameter_loader.hpp"

#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

std::vector<Table> parameter_tables(const Shapes& s) {
  const int units = head_requant_units(s.a), columns = s.projection_columns(), groups = s.projection_groups(),
            lanes = s.lanes();
  return {{"query_weights", s.config.gemm.depth * s.n.query_weight_bits, s.config.gemm.columns, s.tiles() * s.steps()},
          {"query_requant", 3 * lib::requant_entry_bits, lanes, s.a.samples_per_query() / lanes},
          {"head_requant", units * (lib::mult_bits + lib::shift_bits), lanes, s.a.embed_dim / lanes / units},
          {"output_weights", s.a.head_dim() * s.n.output_weight_bits, lanes * columns, s.a.heads / lanes * groups},
          {"output_requant", lib::requant_entry_bits, columns, groups}};
}

const Module& build_parameter_loader(Design& d, const Shapes& s) {
  return d.module("parameter_loader", [&](Module& m) {
    const auto tables = parameter_tables(s);
    m.describe(
        "Takes the beats of the parameter image and writes them, entry by entry, into the memories of the blocks.");
    auto start = input(m, "start", Bool());
    auto beat = input_stream(m, "beat", UInt(s.data_bits()));
    beat.ready.drive(true);

    m.note("Position in the image: table, word, bank, beat of the entry.");
    int most_words = 1, most_banks = 1, most_beats = 1;
    for (const Table& t : tables)
      most_words = std::max(most_words, t.words), most_banks = std::max(most_banks, t.banks),
      most_beats = std::max(most_beats, t.beats(s));
    auto active = reg(m, "active", Bool(), 0);
    auto table = reg(m, "table_index", UInt(3), 0);
    auto word = reg(m, "word", UInt(Shapes::bits(most_words)), 0);
    auto bank = reg(m, "bank", UInt(Shapes::bits(most_banks)), 0);
    auto part = reg(m, "part", UInt(Shapes::bits(most_beats)), 0);
    auto last_of = [&](const UInt& index, auto&& size) {
      std::vector<UInt> lasts;
      for (const Table& t : tables)
        lasts.push_back(UInt::constant(m, static_cast<std::uint64_t>(size(t) - 1), index.width()));
      return index == select(table, lasts);
    };
    Bool last_part = last_of(part, [&](const Table& t) { return t.beats(s); }).named("last_part");
    Bool last_bank = last_of(bank, [&](const Table& t) { return t.banks; }).named("last_bank");
    Bool last_word = last_of(word, [&](const Table& t) { return t.words; }).named("last_word");
    Bool step = (active & beat.valid).named("step");
    Bool entry = (step & last_part).named("entry");
    Bool row = (entry & last_bank).named("row");
    Bool end = (row & last_word).named("end_of_table");
    Bool all = (end & (table == tables.size() - 1)).named("end_of_image");
    part.when(step & last_part, 0).when(step, lib::increment(part));
    bank.when(row, 0).when(entry, lib::increment(bank));
    word.when(end, 0).when(row, lib::increment(word));
    table.when(start, 0).when(end, lib::increment(table));
    active.when(start, true).when(all, false);
    output(m, "finished", all);

    m.note("Earlier beats of the entry.");
    std::vector<UInt> parts;
    for (int i = 0; i + 1 < most_beats; ++i) {
      auto kept = reg(m, "part_" + std::to_string(i), UInt(s.data_bits()));
      kept.when(step & (part == i), beat.data);
      parts.push_back(kept);
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const Table& t = tables[i];
      std::vector<UInt> whole(parts.begin(), parts.begin() + (t.beats(s) - 1));
      whole.push_back(beat.data);
      output(
          m, t.name,
          TableWrite{entry & (table == i), t.banks == 1 ? UInt::constant(m, 0, 1) : bank.resize(Shapes::bits(t.banks)),
                     word.resize(Shapes::bits(t.words)), lib::join(whole).wrap(t.bits)});
    }
  });
}

}  // namespace quillgen::accel
