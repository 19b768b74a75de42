// First-in first-out buffers for streams.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// Both are printed as modules with parameters, templates/fifo.v and sram_fifo.v.
///
/// fifo_<width>x<depth>: register file, depth >= 1, data appear at the output in the cycle after they went in. No path
/// from out_ready to in_ready.
const hdl::Module& build_fifo(hdl::Design& d, int width, int depth);

/// sram_fifo_<width>x<depth>: as fifo, for depths that want an SRAM; three cycles from input to output. Holds depth
/// entries in the SRAM and up to three behind it. Depth a power of two, at least 2.
const hdl::Module& build_sram_fifo(hdl::Design& d, int width, int depth);

namespace detail {
struct Word {
  hdl::UInt data;
  QUILLGEN_FIELDS(data)
};

template <class T>
hdl::Stream<T> through(hdl::Module& m, const hdl::Module& fifo, const std::string& name, const hdl::Stream<T>& in,
                       hdl::SourceLine at) {
  hdl::Instance u(m, name, fifo, at);
  u.in_stream("in", hdl::Stream<Word>{{hdl::pack(in.data, at)}, in.valid, in.ready}, at);
  auto out = u.out_stream("out", Word{hdl::UInt(hdl::total_width(in.data))}, at);
  return {hdl::unpack(out.data.data, in.data, at), out.valid, out.ready};
}
}  // namespace detail

/// Puts a FIFO instance of that name behind a stream.
template <class T>
hdl::Stream<T> fifo(hdl::Design& d, hdl::Module& m, const std::string& name, const hdl::Stream<T>& in, int depth,
                    hdl::SourceLine at = hdl::Here::current()) {
  return detail::through(m, build_fifo(d, hdl::total_width(in.data), depth), name, in, at);
}
template <class T>
hdl::Stream<T> sram_fifo(hdl::Design& d, hdl::Module& m, const std::string& name, const hdl::Stream<T>& in, int depth,
                         hdl::SourceLine at = hdl::Here::current()) {
  return detail::through(m, build_sram_fifo(d, hdl::total_width(in.data), depth), name, in, at);
}

}  // namespace quillgen::lib
