// Where a query looks, and where its row lies.
#include "accel/array/gemm.hpp"
#include "accel/order/order.hpp"
#include "lib/counter.hpp"
#include "lib/pipeline.hpp"

namespace quillgen::accel {

using namespace hdl;

namespace {

struct RowDistance {
  UInt bytes;
  QUILLGEN_FIELDS(bytes)
};
struct Address {
  UInt address;
  QUILLGEN_FIELDS(address)
};

}  // namespace

UInt map_coordinate(const UInt& word, int axis, int bits) {
  Module& m = word.module();
  SInt reference = word.bits(axis * reference_bits, reference_bits).as_sint();
  UInt inside = reference.bits(reference_fraction - bits, bits);
  Bool beyond = reference.bits(reference_fraction, reference_bits - 1 - reference_fraction).any();
  UInt last = UInt::constant(m, (std::uint64_t{1} << bits) - 1, bits);
  return mux(reference.sign(), UInt::constant(m, 0, bits), mux(beyond, last, inside));
}

Stream<UInt> row_addresses(Module& m, const Shapes& s, const Stream<UInt>& queries, const UInt& base,
                           const UInt& stride) {
  // A stride is a multiple of a beat.
  const int beat_shift = std::countr_zero(static_cast<unsigned>(s.data_bytes()));
  lib::Pipeline pipe(m, "row_of_query", queries);
  UInt distance = (queries.data * (stride >> beat_shift)).resize(s.address_bits() - beat_shift);
  auto row = pipe.stage("distance", RowDistance{distance});
  auto at = pipe.stage("row_place", Address{lib::move_address(base, row.bytes << beat_shift)});
  return pipe.finish(at.address);
}

int queries_in_flight(const Shapes& s) { return power_of_two(rows_on_their_way + 2 * group_buffers * s.rows()); }

}  // namespace quillgen::accel
