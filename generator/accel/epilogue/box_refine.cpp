// Box refinement (NUMERICS.md N17): box logits moved by deltas, and their sigmoids as references of the next layer.
#include <cmath>

#include "accel/array/row_resize.hpp"
#include "accel/blocks.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

constexpr int box_limit = 18862;  // the logit of 1 - 1e-4, box_logit_fraction bits of fraction
constexpr int piece_bits = box_logit_fraction - 4, table_fraction = 18;  // sixteen pieces a unit of the logit
constexpr int pieces = (box_limit >> piece_bits) + 1;

/// sigmoid(-n / 16) with table_fraction bits: the value at the beginning of a piece.
std::uint64_t sigmoid_at(int n) {
  return static_cast<std::uint64_t>(std::llround(std::ldexp(1 / (1 + std::exp(n / 16.0)), table_fraction)));
}

struct BoxPiece {
  UInt value, drop, part;  // at the beginning of the piece, less at its end, place in it
  Bool negative;
  QUILLGEN_FIELDS(value, drop, part, negative)
};
struct BoxProduct {
  UInt value, product;
  Bool negative;
  QUILLGEN_FIELDS(value, product, negative)
};
struct BoxReference {
  UInt reference;
  QUILLGEN_FIELDS(reference)
};

}  // namespace

const Module& build_box_refine(Design& d, const Shapes& s) {
  return d.module("box_refine", s, [](Design& d, Module& m, const Shapes& s) {
    m.describe(
        "Refines boxes (NUMERICS.md N17): the four logits of a box moved by its deltas, and for each level the "
        "sigmoids of them. A row has the references of the levels and then the logits.");
    m.parameter("levels", s.a.levels);
    auto restart = input(m, "restart", Bool());
    auto deltas = input_stream(m, "deltas", UInt(4 * box_delta_bits)),
         logits = input_stream(m, "logits", UInt(4 * box_logit_bits));

    m.note("A box: its logits are moved, then a coordinate a cycle goes through the table, then its row is sent.");
    constexpr int take = 0, look = 1, send = 2;
    auto state = reg(m, "state", UInt(2), take).values({"take", "look", "send"});
    Bool in_take = (state == take).named("in_take"), in_look = (state == look).named("in_look"),
         in_send = (state == send).named("in_send");
    Bool taken = (in_take & deltas.valid & logits.valid).named("taken");
    deltas.ready.drive(in_take & logits.valid), logits.ready.drive(in_take & deltas.valid);
    const auto moves = lib::elements(deltas.data, 4, box_delta_bits),
               before = lib::elements(logits.data, 4, box_logit_bits);
    const auto limit = [&](int value) { return SInt::constant(m, value, box_logit_bits); };
    std::vector<UInt> moved;
    for (std::size_t i = 0; i < 4; ++i) {
      SInt sum = (before[i] + moves[i]).named("sum_" + std::to_string(i));
      SInt held =
          mux(sum > box_limit, limit(box_limit), mux(sum < -box_limit, limit(-box_limit), sum.wrap(box_logit_bits)));
      auto kept = reg(m, "logit_" + std::to_string(i), SInt(box_logit_bits));
      kept.when(taken, held);
      moved.push_back(kept.as_uint());
    }

    m.note("Sigmoid by linear pieces, of minus the magnitude; a positive logit has 1 less it.");
    auto number = reg(m, "coordinate", UInt(2), 0);
    SInt logit = select(number, moved).as_sint().named("coordinate_logit");
    UInt magnitude = mux(logit.sign(), (-logit).as_uint().wrap(box_logit_bits), logit.as_uint()).named("magnitude");
    std::vector<std::uint64_t> values, drops;
    for (int n = 0; n < pieces; ++n)
      values.push_back(sigmoid_at(n)), drops.push_back(sigmoid_at(n) - sigmoid_at(n + 1));
    UInt piece = magnitude.bits(piece_bits, Shapes::bits(pieces));
    auto all_asked = reg(m, "all_asked", Bool(), 0);
    auto in = stream(m, "look", (in_look & ~all_asked).named("look_valid_now"),
                     BoxPiece{rom(piece, values, table_fraction), rom(piece, drops, 13), magnitude.bits(0, piece_bits),
                              logit.sign()});
    Bool asked = in.fire().named("asked");
    number.when(taken, 0).when(asked, lib::increment(number));
    all_asked.when(taken, false).when(asked & lib::is_last(number, 4), true);
    lib::Pipeline pipe(m, "piece", in);
    auto found = pipe.stage("found", in.data);
    auto product = pipe.stage("product", BoxProduct{found.value, found.drop * found.part, found.negative});
    // rnd(x, n) is floor of x / 2^n and half.
    const auto rounded = [](const UInt& x, int by) { return ((x >> (by - 1)) + 1) >> 1; };
    UInt below = (product.value - rounded(product.product, piece_bits)).as_uint().wrap(table_fraction);
    UInt small = rounded(below, table_fraction - reference_fraction).resize(reference_fraction + 1);
    UInt one = UInt::constant(m, std::uint64_t{1} << reference_fraction, reference_fraction + 1);
    auto result =
        pipe.finish(BoxReference{mux(product.negative, small, (one - small).as_uint().wrap(reference_fraction + 1))});
    result.ready.drive(true);
    auto done = reg(m, "references_done", UInt(2), 0);
    std::vector<UInt> references;
    for (unsigned i = 0; i < 4; ++i) {
      auto kept = reg(m, "reference_" + std::to_string(i), UInt(reference_fraction + 1));
      kept.when(result.valid & (done == i), result.data.reference);
      references.push_back(kept.extend(reference_bits));
    }
    done.when(result.valid, lib::increment(done));
    Bool complete = (result.valid & lib::is_last(done, 4)).named("complete");

    m.note("The row: the references of each level, then the logits.");
    const int words = s.a.levels + 1, word_bits = 4 * reference_bits;
    auto word = reg(m, "word", UInt(Shapes::bits(words)), 0);
    Bool last = lib::is_last(word, words).named("last_word");
    auto row = stream(m, "row_word", in_send, mux(last, lib::join(moved).extend(word_bits), lib::join(references)));
    Bool sent = row.fire().named("sent");
    word.when(sent, lib::next_index(word, words));
    state.when(taken, look).when(complete, send).when(sent & last, take);
    output_stream(m, "beat", resize_rows(d, m, "cut", row, words, s.data_bits(), box_row_beats(s.config), restart));
    if (s.data_bits() == word_bits) discard(restart);
  });
}

}  // namespace quillgen::accel
