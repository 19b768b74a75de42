// Small idioms of counters and sums.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// index + 1, back to 0 after count - 1; as wide as index.
inline hdl::UInt next_index(const hdl::UInt& index, int count, hdl::SourceLine at = hdl::Here::current()) {
  hdl::UInt up = (hdl::UArg(index, at) + hdl::UArg(1, at)).wrap(index.width(), at);
  if (std::uint64_t(count) == std::uint64_t{1} << index.width()) return up;
  return hdl::mux({hdl::UArg(index, at) == hdl::UArg(count - 1, at), at}, {hdl::UArg(0, at)}, {up, at});
}

/// index == count - 1
inline hdl::Bool is_last(const hdl::UInt& index, int count, hdl::SourceLine at = hdl::Here::current()) {
  return hdl::UArg(index, at) == hdl::UArg(count - 1, at);
}

/// x + 1, x - 1 without growth, for counters that cannot overflow.
inline hdl::UInt increment(const hdl::UInt& x, hdl::SourceLine at = hdl::Here::current()) {
  return (hdl::UArg(x, at) + hdl::UArg(1, at)).wrap(x.width(), at);
}
inline hdl::UInt decrement(const hdl::UInt& x, hdl::SourceLine at = hdl::Here::current()) {
  return (hdl::UArg(x, at) - hdl::UArg(1, at)).as_uint().wrap(x.width(), at);
}

/// base + distance modulo 2^width(base): for addresses, of which those of 64 bits leave no room for a carry.
inline hdl::UInt move_address(const hdl::UInt& base, const hdl::UInt& distance,
                              hdl::SourceLine at = hdl::Here::current()) {
  hdl::Module& m = base.module();
  const int width = base.width();
  return {m, m.make(hdl::Op::add, width, base.id(), distance.resize(width, at).id(), hdl::no_id, 0, at)};
}

/// What move_address takes from `from` to `to`.
inline hdl::UInt address_distance(const hdl::UInt& from, const hdl::UInt& to,
                                  hdl::SourceLine at = hdl::Here::current()) {
  hdl::Module& m = from.module();
  return {m, m.make(hdl::Op::sub, from.width(), to.id(), from.id(), hdl::no_id, 0, at)};
}

/// Exact sum by a balanced tree.
inline hdl::SInt sum_tree(std::vector<hdl::SInt> terms, hdl::SourceLine at = hdl::Here::current()) {
  while (terms.size() > 1) {
    std::vector<hdl::SInt> next;
    for (std::size_t i = 0; i + 1 < terms.size(); i += 2)
      next.push_back(hdl::SArg(terms[i], at) + hdl::SArg(terms[i + 1], at));
    if (terms.size() % 2 != 0) next.push_back(terms.back());
    terms = std::move(next);
  }
  return terms.front();
}

/// A vector taken apart into `count` signed elements of `width` bits, the first lowest.
inline std::vector<hdl::SInt> elements(const hdl::UInt& vector, int count, int width,
                                       hdl::SourceLine at = hdl::Here::current()) {
  std::vector<hdl::SInt> list;
  for (int i = 0; i < count; ++i) list.push_back(vector.bits(i * width, width, at).as_sint());
  return list;
}

/// The inverse of elements.
template <class T>
hdl::UInt join(const std::vector<T>& list, hdl::SourceLine at = hdl::Here::current()) {
  std::vector<hdl::Signal> parts(list.rbegin(), list.rend());
  return hdl::concat(parts, at);
}

}  // namespace quillgen::lib
