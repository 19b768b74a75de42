// One consumer for two streams.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// The stream `then` while `condition` is 1, otherwise the stream `otherwise`; the other one waits. The condition holds
/// while either has something to give.
template <class T>
hdl::Stream<T> choose(hdl::Module& m, const std::string& name, const hdl::Bool& condition, hdl::Stream<T> then,
                      hdl::Stream<T> otherwise, hdl::SourceLine at = hdl::Here::current()) {
  const hdl::BArg first(condition, at);
  T data = otherwise.data;
  if constexpr (hdl::Leaf<T>) data = hdl::mux(first, {then.data, at}, {otherwise.data, at});
  else data = hdl::mux(condition, then.data, otherwise.data, at);
  auto chosen =
      hdl::stream(m, name, hdl::mux(first, hdl::BArg(then.valid, at), hdl::BArg(otherwise.valid, at)), data, at);
  then.ready.drive({hdl::BArg(chosen.ready, at) & first, at});
  otherwise.ready.drive({hdl::BArg(chosen.ready, at) & hdl::BArg(!first, at), at});
  return chosen;
}

}  // namespace quillgen::lib
