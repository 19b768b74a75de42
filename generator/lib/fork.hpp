// One stream for several consumers.
#pragma once
#include "hdl/build.hpp"

namespace quillgen::lib {

/// `count` copies of a stream. A value is taken when all consumers are ready; their ready must not depend on valid.
template <class T>
std::vector<hdl::Stream<T>> fork(hdl::Module& m, const std::string& name, const hdl::Stream<T>& in, int count,
                                 hdl::SourceLine at = hdl::Here::current()) {
  std::vector<hdl::Wire<hdl::Bool>> ready;
  for (int i = 0; i < count; ++i) ready.push_back(hdl::ready_wire(m, name + "_" + std::to_string(i) + "_ready", at));
  std::vector<hdl::Stream<T>> copies;
  hdl::Bool all = hdl::Bool::constant(m, true, at);
  for (std::size_t i = 0; i < ready.size(); ++i) {
    hdl::Bool valid = in.valid;
    for (std::size_t j = 0; j < ready.size(); ++j)
      if (j != i) valid = hdl::BArg(valid, at) & hdl::BArg(ready[j], at);
    copies.push_back({in.data, valid, ready[i]});
    all = hdl::BArg(all, at) & hdl::BArg(ready[i], at);
  }
  hdl::Wire<hdl::Bool> taken = in.ready;
  taken.drive({all, at});
  return copies;
}

}  // namespace quillgen::lib
