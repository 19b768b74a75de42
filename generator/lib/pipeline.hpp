// A pipeline of fixed length behind valid/ready. All stages move together when the last one is empty or taken. Each
// stage registers one bundle with everything that is still needed; a value of an older stage in it is a mistake and is
// refused, and so is a register of outside, unless it is allow().
#pragma once
#include <map>
#include <set>

#include "hdl/build.hpp"

namespace quillgen::lib {

class Pipeline {
 public:
  /// `name` is the prefix of the valid registers and of the net that moves the stages.
  template <class T>
  Pipeline(hdl::Module& m, const std::string& name, const hdl::Stream<T>& in, hdl::SourceLine at = hdl::Here::current())
      : module_(m), name_(name), valid_(in.valid), advance_(hdl::wire(m, name + "_advance", hdl::Bool(), at)) {
    hdl::Stream<T> source = in;
    source.ready.drive({advance_, at});
    remember(in.data);
  }

  /// High in the cycles in which every stage takes its next value.
  hdl::Bool advance() const { return advance_; }
  /// The value in the newest stage is a real one.
  hdl::Bool valid() const { return valid_; }

  /// States that later stages may read these registers of outside: they move with the pipeline, hold while anything is
  /// in it, or are read for their value of the moment.
  template <class T>
  void allow(const T& value) {
    for (const hdl::Signal& s : hdl::leaves(value)) allowed_.insert(s.id());
  }

  /// Registers `value` as the next stage.
  template <class T>
  hdl::Plain<T> stage(const std::string& name, const T& value, hdl::SourceLine at = hdl::Here::current()) {
    check(hdl::leaves(value), at);
    auto valid = hdl::reg(module_, name + "_valid", hdl::Bool(), 0, at);
    valid.when({advance_, at}, valid_);
    hdl::Plain<T> shape = value;
    hdl::each_leaf(shape, "", [](const std::string&, auto& leaf) { leaf = strip(leaf); });
    auto data = hdl::reg(module_, name, shape, std::nullopt, at);
    data.when({advance_, at}, {value, at});
    valid_ = valid;
    ++stage_;
    stage_of_[valid.id()] = stage_;
    remember(data);
    return data;
  }

  /// The newest stage as a stream; ends the pipeline.
  template <class T>
  hdl::Stream<hdl::Plain<T>> finish(const T& value, hdl::SourceLine at = hdl::Here::current()) {
    check(hdl::leaves(value), at);
    auto out = hdl::stream(module_, name_, valid_, value, at);
    advance_.drive({hdl::BArg(!hdl::BArg(valid_, at), at) | hdl::BArg(out.ready, at), at});
    return out;
  }

 private:
  static hdl::UInt strip(const hdl::UInt& v) { return hdl::UInt(v.width()); }
  static hdl::SInt strip(const hdl::SInt& v) { return hdl::SInt(v.width()); }
  static hdl::Bool strip(const hdl::Bool&) { return {}; }

  template <class T>
  void remember(const T& value) {
    for (const hdl::Signal& s : hdl::leaves(value)) stage_of_[s.id()] = stage_;
  }
  void check(const std::vector<hdl::Signal>& values, hdl::SourceLine at) const;

  hdl::Module& module_;
  std::string name_;
  hdl::Bool valid_;
  hdl::Wire<hdl::Bool> advance_;
  int stage_ = 0;
  std::map<hdl::Id, int> stage_of_;  // registers and inputs of this pipeline
  std::set<hdl::Id> allowed_;
};

}  // namespace quillgen::lib
