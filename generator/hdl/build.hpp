// The language for things with a name: ports, registers, wires, memories, instances and valid/ready streams, on single
// values or bundles.
//
// A bundle is a struct of handles (or bundles) that lists its fields once (hdl/fields.hpp):
//
//     struct Pixel {
//       UInt x, y;
//       Bool last;
//       QUILLGEN_FIELDS(x, y, last)
//     };
//
// Field names extend the name of the whole: a port "pixel" has the nets pixel_x, pixel_y, pixel_last.
#pragma once
#include <concepts>
#include <string>
#include <type_traits>
#include <vector>

#include "hdl/fields.hpp"
#include "hdl/value.hpp"

namespace quillgen::hdl {

using Here = std::source_location;

template <class T>
concept Leaf = std::derived_from<T, Signal>;
template <class T>
concept Bundle = requires(T value) {
  value.each([](const std::string&, auto&) {});
};

template <class T>
class Reg;
template <class T>
class Wire;
namespace detail {
template <class T>
struct Plain {
  using type = T;
};
template <class T>
struct Plain<Reg<T>> {
  using type = T;
};
template <class T>
struct Plain<Wire<T>> {
  using type = T;
};
}  // namespace detail
/// T of a Reg<T> or Wire<T>, which read as their value; otherwise the type itself.
template <class T>
using Plain = typename detail::Plain<T>::type;

/// Calls f(name, leaf handle) for every leaf of a bundle or for the value itself.
template <class T, class F>
void each_leaf(T& value, const std::string& name, F&& f) {
  if constexpr (Leaf<T>) {
    f(name, value);
  } else {
    value.each(
        [&](const std::string& field, auto& part) { each_leaf(part, name.empty() ? field : name + "_" + field, f); });
  }
}

/// All leaves of a value, in the order of its fields.
template <class T>
std::vector<Signal> leaves(T value) {
  std::vector<Signal> list;
  each_leaf(value, "", [&](const std::string&, auto& leaf) { list.push_back(leaf); });
  return list;
}

/// Bits of all leaves together.
template <class T>
int total_width(const T& value) {
  int bits = 0;
  for (const Signal& s : leaves(value)) bits += s.width();
  return bits;
}

/// All fields in one vector, the first field lowest.
template <class T>
UInt pack(const T& value, SourceLine at = Here::current()) {
  auto list = leaves(value);
  return concat(std::vector<Signal>(list.rbegin(), list.rend()), at);
}

/// The inverse of pack: fields of the given shape, taken from a vector.
template <class T>
T unpack(const UInt& vector, T shape, SourceLine at = Here::current()) {
  int low = 0;
  each_leaf(shape, "", [&](const std::string&, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    int w = leaf.width();
    leaf = L(vector.module(), vector.bits(low, w, at).id());
    low += w;
  });
  return shape;
}

namespace detail {

// The value as wide as its destination; literals and narrower values of the same kind are extended, wider ones are a
// mistake.
inline Id fit(Module& m, int width, const UArg& v) {
  if (v.is_literal()) return m.constant(v.literal, width, v.at);
  id_in(m, v.value, v.at);
  if (v.value.width() > width)
    m.fail("value " + m.describe_node(v.value.id()) + " is wider than the " + std::to_string(width) +
           " bits it is given to at " + v.at.str() + "; wrap or saturate it");
  return v.value.extend(width, v.at).id();
}
inline Id fit(Module& m, int width, const SArg& v) {
  if (v.is_literal()) return m.constant(static_cast<std::uint64_t>(v.literal) & mask(width), width, v.at);
  id_in(m, v.value, v.at);
  if (v.value.width() > width)
    m.fail("value " + m.describe_node(v.value.id()) + " is wider than the " + std::to_string(width) +
           " bits it is given to at " + v.at.str() + "; wrap or saturate it");
  return v.value.extend(width, v.at).id();
}
inline Id fit(Module& m, int, const BArg& v) {
  return v.is_literal() ? m.constant(v.literal, 1, v.at) : id_in(m, v.value, v.at);
}

template <class T>
struct ArgOf;
template <>
struct ArgOf<UInt> {
  using type = UArg;
};
template <>
struct ArgOf<SInt> {
  using type = SArg;
};
template <>
struct ArgOf<Bool> {
  using type = BArg;
};

// A bundle as an operand: the value and the line.
template <class T>
struct BundleArg {
  T value;
  SourceLine at;
  BundleArg(const T& v, SourceLine at = Here::current()) : value(v), at(at) {}
};
template <class T>
using Arg = typename std::conditional_t<Leaf<T>, ArgOf<T>, std::type_identity<BundleArg<T>>>::type;

// Pairs every leaf of `to` with the fitted node of `from`.
template <class T, class F>
void each_pair(Module& m, T to, const Arg<T>& from, F&& f) {
  if constexpr (Leaf<T>) {
    f(to.id(), fit(m, to.width(), from));
  } else {
    std::vector<Id> ids;
    T value = from.value;
    std::vector<int> widths;
    each_leaf(to, "", [&](const std::string&, auto& leaf) { widths.push_back(leaf.width()); });
    std::size_t i = 0;
    each_leaf(value, "", [&](const std::string&, auto& leaf) {
      using L = std::remove_cvref_t<decltype(leaf)>;
      ids.push_back(fit(m, widths.at(i++), typename ArgOf<L>::type(leaf, from.at)));
    });
    i = 0;
    each_leaf(to, "", [&](const std::string&, auto& leaf) { f(leaf.id(), ids.at(i++)); });
  }
}

}  // namespace detail

/// A register. Reads as its value; updates are tried in order and the first whose condition holds is taken.
template <class T>
class Reg : public T {
 public:
  Reg() = default;
  explicit Reg(const T& q) : T(q) {}
  Reg& when(BArg condition, detail::Arg<T> value) {
    Module& m = owner();
    Id enable = detail::fit(m, 1, condition);
    detail::each_pair<T>(m, *this, value, [&](Id q, Id d) { m.update_reg(q, enable, d, condition.at); });
    return *this;
  }
  /// Names for the values 0, 1, .. of a register of one field: the states of a state machine.
  Reg values(const std::vector<std::string>& names, SourceLine at = Here::current()) const {
    owner().name_values(this->id(), names, at);
    return *this;
  }
  void next(detail::Arg<T> value) {
    Module& m = owner();
    detail::each_pair<T>(m, *this, value, [&](Id q, Id d) { m.update_reg(q, no_id, d, value.at); });
  }

 private:
  Module& owner() const { return leaves(*this).front().module(); }
};

/// A net that is read before it is driven; driven once.
template <class T>
class Wire : public T {
 public:
  Wire() = default;
  explicit Wire(const T& net) : T(net) {}
  void drive(detail::Arg<T> value) {
    Module& m = leaves(*this).front().module();
    detail::each_pair<T>(m, *this, value, [&](Id net, Id d) { m.drive_wire(net, d, value.at); });
  }
};

/// data is taken in every cycle in which valid and ready are both 1. The consumer drives ready.
template <class T>
struct Stream {
  T data;
  Bool valid;
  Wire<Bool> ready;
  Bool fire(SourceLine at = Here::current()) const { return BArg(valid, at) & BArg(ready, at); }
};

template <class T>
T input(Module& m, const std::string& name, T shape, SourceLine at = Here::current()) {
  each_leaf(shape, name, [&](const std::string& net, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    leaf = L(m, m.add_input(net, leaf.width(), at, name));
  });
  return shape;
}

template <class T>
void output(Module& m, const std::string& name, T value, SourceLine at = Here::current()) {
  each_leaf(value, name, [&](const std::string& net, auto& leaf) { m.add_output(net, id_in(m, leaf, at), at, name); });
}

/// Without a reset value the register starts undefined (zero in two-state simulation). Bundles are reset field by field
/// to the same value.
template <class T>
Reg<T> reg(Module& m, const std::string& name, T shape, std::optional<std::uint64_t> reset = std::nullopt,
           SourceLine at = Here::current()) {
  each_leaf(shape, name, [&](const std::string& net, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    leaf = L(m, m.add_reg(net, leaf.width(), reset, at));
  });
  return Reg<T>(shape);
}

template <class T>
Wire<T> wire(Module& m, const std::string& name, T shape, SourceLine at = Here::current()) {
  each_leaf(shape, name, [&](const std::string& net, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    leaf = L(m, m.add_wire(net, leaf.width(), at));
  });
  return Wire<T>(shape);
}

/// The ready net of a stream.
inline Wire<Bool> ready_wire(Module& m, const std::string& name, SourceLine at = Here::current()) {
  return Wire<Bool>(Bool(m, m.add_wire(name, 1, at, true)));
}

/// Names every leaf of a bundle.
template <class T>
T named(T value, const std::string& name, SourceLine at = Here::current()) {
  each_leaf(value, name, [&](const std::string& net, auto& leaf) { leaf = leaf.named(net, at); });
  return value;
}

/// c ? a : b for bundles, field by field.
template <Bundle T>
T mux(const Bool& c, const T& a, T b, SourceLine at = Here::current()) {
  auto first = leaves(a);
  std::size_t i = 0;
  each_leaf(b, "", [&](const std::string&, auto& leaf) {
    using L = std::remove_reference_t<decltype(leaf)>;
    Module& m = checked(c, at).module();
    leaf = L(m, m.make(Op::mux, leaf.width(), c.id(), id_in(m, first.at(i), at), id_in(m, leaf, at), 0, at));
    ++i;
  });
  return b;
}

/// Stream port into the module: inputs name_valid and the fields, output name_ready.
template <class T>
Stream<T> input_stream(Module& m, const std::string& name, T shape, SourceLine at = Here::current()) {
  Stream<T> s{shape, {}, {}};
  s.valid = {m, m.add_input(name + "_valid", 1, at, name)};
  s.ready = ready_wire(m, name + "_ready", at);
  m.add_output(name + "_ready", s.ready.id(), at, name);
  s.data = input(m, name, shape, at);
  return s;
}

/// Stream port out of the module that may be withdrawn before it is taken; drives s.ready.
template <class T>
Bool output_offer(Module& m, const std::string& name, Stream<T> s, SourceLine at = Here::current()) {
  m.add_output(name + "_valid", id_in(m, s.valid, at), at, name);
  Bool ready(m, m.add_input(name + "_ready", 1, at, name));
  s.ready.drive({ready, at});
  output(m, name, s.data, at);
  return ready;
}

/// Stream port out of the module; drives s.ready. The checks state that valid and payload hold while ready is low.
template <class T>
void output_stream(Module& m, const std::string& name, Stream<T> s, SourceLine at = Here::current()) {
  const Bool ready = output_offer(m, name, s, at);
  StreamCheck check{name, s.valid.id(), ready.id(), {}};
  for (const Signal& leaf : leaves(s.data)) check.payload.push_back(leaf.id());
  m.add_stream_check(std::move(check));
}

/// A stream made of parts, its ready net named name_ready.
template <class T>
Stream<Plain<T>> stream(Module& m, const std::string& name, const Bool& valid, const T& data,
                        SourceLine at = Here::current()) {
  return {data, valid, ready_wire(m, name + "_ready", at)};
}

/// Makes a stream visible to the harness under the name of a stage.
template <class T>
void tap(Module& m, const std::string& stage, const Stream<T>& s) {
  Tap t{stage, s.valid.id(), s.ready.id(), {}};
  T data = s.data;
  each_leaf(data, "", [&](const std::string& field, auto& leaf) {
    t.fields.push_back(
        {field.empty() ? "value" : field, leaf.id(), std::same_as<std::remove_cvref_t<decltype(leaf)>, SInt>});
  });
  m.add_tap(std::move(t));
}

/// States that a value is left unused on purpose; it ends in the _unused net of the Verilog.
inline void discard(const Signal& s) { s.module().discard(s.id()); }

/// A memory with one write and one read port (MemoryInfo).
class Ram {
 public:
  Ram(Module& m, const std::string& name, int depth, int width, int latency, SourceLine at = Here::current())
      : module_(&m),
        number_(m.add_memory(name, depth, width, latency, at)),
        address_bits_(m.memories()[number_].address_bits()) {}
  int address_bits() const { return address_bits_; }
  void write(const Bool& enable, const UInt& address, const UInt& data, SourceLine at = Here::current()) {
    module_->memory_write(number_, id_in(*module_, enable, at), id_in(*module_, address, at), id_in(*module_, data, at),
                          at);
  }
  /// Latency 1: the data of the address that was given in the last cycle with enable. Latency 0: the data of the
  /// address, now.
  UInt read(const UInt& address, BArg enable, SourceLine at = Here::current()) {
    Id en = detail::fit(*module_, 1, enable);
    return {*module_, module_->memory_read(number_, en, id_in(*module_, address, at), at)};
  }

 private:
  Module* module_;
  std::uint32_t number_;
  int address_bits_;
};

/// An instance of another module. Its outputs are nets named instance_port. Widths and directions are the child's, so
/// ports that carry the same name on both sides are named once: pass() and connect().
class Instance {
 public:
  Instance() = default;
  Instance(Module& parent, const std::string& name, const Module& child, SourceLine at = Here::current())
      : module_(&parent), name_(name), number_(parent.add_instance(name, child, at)) {}

  /// The port, bundle or stream `port` becomes one of the module around it, named `as`. An input that this module has
  /// already by that name feeds this instance too.
  void pass(const std::string& port, const std::string& as, SourceLine at = Here::current()) {
    module_->pass_port(number_, port, as, at);
  }
  void pass(const std::string& port, SourceLine at = Here::current()) { pass(port, port, at); }
  void pass(std::initializer_list<const char*> ports, SourceLine at = Here::current()) {
    for (const char* port : ports) pass(port, port, at);
  }

  /// Joins the port, bundle or stream `port` with `other_port` of another instance, each net in its direction.
  void connect(const std::string& port, const Instance& other, const std::string& other_port,
               SourceLine at = Here::current()) {
    module_->join_ports(number_, port, other.number_, other_port, at);
  }
  void connect(const std::string& port, const Instance& other, SourceLine at = Here::current()) {
    connect(port, other, port, at);
  }
  void connect(std::initializer_list<const char*> ports, const Instance& other, SourceLine at = Here::current()) {
    for (const char* port : ports) connect(port, other, port, at);
  }

  /// Drives the input port(s) `port` with a value or bundle.
  template <class T>
  void in(const std::string& port, T value, SourceLine at = Here::current()) {
    each_leaf(value, port, [&](const std::string& net, auto& leaf) {
      module_->connect_input(number_, net, id_in(*module_, leaf, at), at);
    });
  }
  /// A reset of its own, besides that of the module around it: 1 resets, in every style of reset.
  void reset(const Bool& r, SourceLine at = Here::current()) { module_->connect_reset(number_, r.id(), at); }
  /// While `enable` is 0, and outside of reset, its registers and memories hold. Made from registers alone.
  void clock_enable(const Bool& enable, SourceLine at = Here::current()) {
    module_->connect_clock_enable(number_, id_in(*module_, enable, at), at);
  }
  /// The output port `port`, as wide as the child has it.
  template <Leaf T>
  T out(const std::string& port, SourceLine at = Here::current()) const {
    return T(*module_, module_->instance_output(number_, port, at));
  }
  /// The output port(s) `port`.
  template <class T>
  T out(const std::string& port, T shape, SourceLine at = Here::current()) {
    each_leaf(shape, port, [&](const std::string& net, auto& leaf) {
      using L = std::remove_reference_t<decltype(leaf)>;
      L found(*module_, module_->instance_output(number_, net, at));
      if (found.width() != leaf.width())
        module_->fail("output " + name_ + "." + net + " is " + module_->describe_node(found.id()) + ", taken as " +
                      std::to_string(leaf.width()) + " bits at " + at.str());
      leaf = found;
    });
    return shape;
  }
  /// Feeds the input stream `port`; drives s.ready.
  template <class T>
  void in_stream(const std::string& port, Stream<T> s, SourceLine at = Here::current()) {
    in(port + "_valid", s.valid, at);
    in(port, s.data, at);
    s.ready.drive({out<Bool>(port + "_ready", at), at});
  }
  /// The output stream `port`; its ready net is named instance_port_ready.
  template <class T>
  Stream<T> out_stream(const std::string& port, T shape, SourceLine at = Here::current()) {
    Stream<T> s{shape, {}, {}};
    s.valid = out<Bool>(port + "_valid", at);
    s.data = out(port, shape, at);
    s.ready = ready_wire(*module_, name_ + "_" + port + "_ready", at);
    in(port + "_ready", s.ready, at);
    return s;
  }
  /// .. of a single value, as wide as the child has it.
  template <Leaf T>
  Stream<T> out_stream(const std::string& port, SourceLine at = Here::current()) {
    return out_stream(port, T(module_->width(module_->instance_output(number_, port, at))), at);
  }

 private:
  Module* module_ = nullptr;
  std::string name_;
  std::uint32_t number_ = 0;
};

}  // namespace quillgen::hdl
