#include "accel/host/parameter_loader.hpp"

#include <cassert>
#include <optional>

#include "accel/array/gemm.hpp"
#include "accel/blocks.hpp"
#include "accel/epilogue/row_norm.hpp"
#include "lib/counter.hpp"
#include "lib/requantise.hpp"

namespace quillgen::accel {

using namespace hdl;

std::vector<Table> parameter_tables(const Shapes& s) {
  const Config& c = s.config;
  const int units = head_requant_units(s.config), columns = s.projection_columns(), groups = s.projection_groups(),
            lanes = s.head_lanes();
  const int requant = s.requant_columns() * lib::requant_entry_bits,
            weights = s.weight_columns() * c.gemm.depth * s.weight_bits();
  std::vector<Table> tables = {
      {"value_requant", requant, s.requant_banks(), value_tiles(c)},
      {"value_weights", weights, s.weight_banks(), value_tiles(c) * s.steps()},
      {"query_requant", requant, s.requant_banks(), query_tiles(c)},
      {"query_weights", weights, s.weight_banks(), query_tiles(c) * s.steps()},
      {"head_requant", units * (lib::mult_bits + lib::shift_bits), lanes, s.a.embed_dim / lanes / units},
      {"output_weights", s.a.head_dim() * s.n.output_weight_bits, lanes * columns, s.a.heads / lanes * groups},
      {"output_requant", lib::requant_entry_bits, columns, groups}};
  assert(tables.size() == norm_table);
  if (s.has_epilogue())
    tables.push_back({"norm_table", s.row_unit() * norm_entry_bits, 1, c.attention.embed_dim / s.row_unit()});
  return tables;
}

std::int64_t image_beats(const Shapes& s, ImagePart part) {
  const auto tables = parameter_tables(s);
  const std::size_t first[] = {0, panel_tables, norm_table, tables.size()};
  std::int64_t beats = 0;
  for (auto i = first[static_cast<int>(part)]; i < first[static_cast<int>(part) + 1]; ++i)
    beats += tables[i].total_beats(s);
  return beats;
}

const Module& build_parameter_loader(Design& d, const Shapes& s) {
  return d.module("parameter_loader", s, [](Design&, Module& m, const Shapes& s) {
    const auto tables = parameter_tables(s);
    m.describe(
        "Takes the beats of parameters and writes them, entry by entry, into the memories of the blocks: a panel (the "
        "first two tables, as long as is said, into the lower or the upper half of the memories of the PE array), or "
        "the other tables of an attention layer.");
    auto start_panel = input(m, "start_panel", Bool());
    auto start_rest = input(m, "start_rest", Bool());
    const Bool start_norm = s.has_epilogue() ? input(m, "start_norm", Bool()) : Bool();
    auto upper = input(m, "upper_half", Bool());
    auto panel_entries = input(m, "panel_entries", UInt(Shapes::holds(requant_words(s.config))));
    auto panel_words = input(m, "panel_words", UInt(Shapes::holds(weight_words(s.config))));
    auto valid = input(m, "beat_valid", Bool());
    auto beat = input(m, "beat", UInt(s.data_bits()));

    m.note("Position: table, word, bank, beat of the entry.");
    int most_words = std::max(weight_words(s.config), requant_words(s.config)), most_banks = 1, most_beats = 1;
    for (const Table& t : tables)
      most_words = std::max(most_words, t.words), most_banks = std::max(most_banks, t.banks),
      most_beats = std::max(most_beats, t.beats(s));
    const int word_bits = Shapes::bits(most_words);
    auto active = reg(m, "active", Bool(), 0);
    auto table = reg(m, "table_index", UInt(3), 0);
    auto word = reg(m, "word", UInt(word_bits), 0);
    auto address = reg(m, "address", UInt(word_bits));  // of the word in its memory
    auto bank = reg(m, "bank", UInt(Shapes::bits(most_banks)), 0);
    const auto constant = [&](int value, int bits) {
      return UInt::constant(m, static_cast<std::uint64_t>(value), bits);
    };
    const auto last_of = [&](const UInt& index, auto&& size) {
      std::vector<UInt> lasts;
      for (const Table& t : tables) lasts.push_back(constant(size(t) - 1, index.width()));
      return index == select(table, lasts);
    };
    Bool last_bank = last_of(bank, [&](const Table& t) { return t.banks; }).named("last_bank");
    std::vector<UInt> last_words = {lib::decrement(panel_entries).resize(word_bits),
                                    lib::decrement(panel_words).resize(word_bits)};
    for (std::size_t i = panel_tables; i < tables.size(); ++i)
      last_words.push_back(constant(tables[i].words - 1, word_bits));
    Bool last_word = (word == select(table, last_words)).named("last_word");
    Bool step = (active & valid).named("step");
    Bool last_part = Bool::constant(m, true);
    std::optional<Reg<UInt>> part;
    if (most_beats > 1) {
      part = reg(m, "part", UInt(Shapes::bits(most_beats)), 0);
      last_part = last_of(*part, [&](const Table& t) { return t.beats(s); }).named("last_part");
      part->when(step & last_part, 0).when(step, lib::increment(*part));
    }
    Bool entry = (step & last_part).named("entry");
    Bool row = (entry & last_bank).named("row");
    Bool end = (row & last_word).named("end_of_table");
    std::vector<Bool> is_table;
    for (std::size_t i = 0; i < tables.size(); ++i)
      is_table.push_back((table == i).named("is_table_" + std::to_string(i)));
    Bool ends_load = is_table.back();
    if (s.has_epilogue()) ends_load = ends_load | (is_table[norm_table - 1] & ~input(m, "norm", Bool()));
    Bool all = (end & (is_table[panel_tables - 1] | ends_load)).named("end_of_load");
    bank.when(row, 0).when(entry, lib::increment(bank));
    word.when(end, 0).when(row, lib::increment(word));
    table.when(start_panel, 0).when(start_rest, panel_tables);
    Bool start = start_panel | start_rest;
    if (s.has_epilogue()) table.when(start_norm, norm_table), start = start | start_norm;
    table.when(end, lib::increment(table));
    active.when(start, true).when(all, false);

    m.note("A panel lies in its half; the tables of the queries behind those of the tokens.");
    const auto half = [&](int words) { return mux(upper, constant(words / 2, word_bits), constant(0, word_bits)); };
    address.when(start_panel, half(requant_words(s.config))).when(start_rest, constant(tables[0].words, word_bits));
    // Behind a table it is 0: so it is for that of the norm of a dense job, which comes behind a panel.
    address.when(end & is_table[0], half(weight_words(s.config)))
        .when(end & is_table[panel_tables], constant(tables[1].words, word_bits))
        .when(end, 0)
        .when(row, lib::increment(address));

    m.note(most_beats > 1 ? "Earlier beats of the entry, and the entry." : "The entry.");
    std::vector<UInt> parts;
    for (int i = 0; i + 1 < most_beats; ++i) {
      auto kept = reg(m, "part_" + std::to_string(i), UInt(s.data_bits()));
      kept.when(step & (*part == i), beat);
      parts.push_back(kept);
    }
    const auto give = [&](const char* name, const Bool& mine, const Table& t, int address_bits) {
      std::vector<UInt> whole(parts.begin(), parts.begin() + (t.beats(s) - 1));
      whole.push_back(beat);
      output(m, name,
             TableWrite{entry & mine, t.banks == 1 ? constant(0, 1) : bank.resize(Shapes::bits(t.banks)),
                        address.resize(address_bits), lib::join(whole).wrap(t.bits)});
    };
    give("gemm_requant", is_table[0] | is_table[2], tables[0], s.requant_address_bits());
    give("gemm_weights", is_table[1] | is_table[3], tables[1], s.weight_address_bits());
    for (std::size_t i = 4; i < tables.size(); ++i)
      give(tables[i].name, is_table[i], tables[i], Shapes::bits(tables[i].words));
  });
}

}  // namespace quillgen::accel
