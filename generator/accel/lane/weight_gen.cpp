// Corner weights (NUMERICS.md N6).
#include "accel/blocks.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct Place {  // what travels along with the weights
  SInt x0, y0;
  UInt inside;
  SampleTag tag;
  QUILLGEN_FIELDS(x0, y0, inside, tag)
};
struct Columns {  // attention shared between columns x0 and x0 + 1
  UInt left, right, fy;
  Place place;
  QUILLGEN_FIELDS(left, right, fy, place)
};
struct Products {
  UInt w00, w01, w10, w11;
  Place place;
  QUILLGEN_FIELDS(w00, w01, w10, w11, place)
};

struct Weights {
  UInt w00, w01, w10, w11;
  QUILLGEN_FIELDS(w00, w01, w10, w11)
};

}  // namespace

const Module& build_weight_gen(Design& d, const Shapes& s) {
  return d.module("weight_gen", s, [](Design&, Module& m, const Shapes& s) {
    const int fraction = s.n.interp_frac_bits;
    const int drop = s.n.attention_bits + 2 * fraction - s.n.corner_bits;
    m.describe(
        "Corner weights (NUMERICS.md N6): attention * gy * gx, exact, rounded once; 0 for a corner outside the map.");
    m.parameter("attention_bits", s.n.attention_bits);
    m.parameter("interp_frac_bits", fraction);
    m.parameter("corner_bits", s.n.corner_bits);
    auto in = input_stream(m, "location", Location(s));
    lib::Pipeline pipe(m, "weight", in);
    const UInt one = UInt::constant(m, std::uint64_t{1} << fraction, fraction + 1);
    auto low_bits = [&](const SInt& v) { return v.bits(0, fraction); };
    auto rest = [&](const UInt& f) { return (one - f).as_uint().wrap(fraction + 1); };

    m.note("Share the attention weight between the two columns.");
    UInt fx = low_bits(in.data.x).named("fx"), fy = low_bits(in.data.y).named("fy");
    auto columns = pipe.stage(
        "columns", Columns{in.data.weight * rest(fx), in.data.weight * fx, fy,
                           Place{in.data.x >> fraction, in.data.y >> fraction, in.data.inside, in.data.tag}});

    m.note("Share each column between the two rows.");
    UInt gy = rest(columns.fy).named("gy");
    auto product = pipe.stage("product", Products{columns.left * gy, columns.right * gy, columns.left * columns.fy,
                                                  columns.right * columns.fy, columns.place});

    m.note("Round half up to corner_bits.");
    auto rounded = [&](const UInt& w, int column, int row) {
      UInt value = drop == 0 ? w : (w + (std::uint64_t{1} << (drop - 1))) >> drop;
      Bool in_map = product.place.inside.bit(column) & product.place.inside.bit(2 + row);
      return mux(in_map, value.resize(s.corner_width()), UInt::constant(m, 0, s.corner_width()));
    };
    Corners corners(s);
    corners.w00 = rounded(product.w00, 0, 0), corners.w01 = rounded(product.w01, 1, 0);
    corners.w10 = rounded(product.w10, 0, 1), corners.w11 = rounded(product.w11, 1, 1);
    corners.x0 = product.place.x0, corners.y0 = product.place.y0, corners.tag = product.place.tag;
    auto result = pipe.stage("corners", corners);
    auto out = pipe.finish(result);
    output_stream(m, "corners", out);
    tap(m, "corner_weight", Stream<Weights>{{result.w00, result.w01, result.w10, result.w11}, out.valid, out.ready});
  });
}

}  // namespace quillgen::accel
