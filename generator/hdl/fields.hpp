// The fields of a bundle, named once.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hdl/value.hpp"

/// Lists the members of a bundle, all of them, in the order of its nets:
///
///     struct Pixel {
///       UInt x, y;
///       Bool last;
///       QUILLGEN_FIELDS(x, y, last)
///     };
///
/// A member is a handle, another bundle, or an array, vector or optional of these: elements are named member_0,
/// member_1, .., but one alone in a Beside has the plain name; and an optional that holds nothing has no net. The
/// compiler refuses a list in which a member is missing: the sizes of the members do not add up to that of the struct.
/// A macro, since C++ has no other way to the names of members.
#define QUILLGEN_FIELDS(...)                                                 \
  template <class Visit>                                                     \
  void each(Visit&& visit) {                                                 \
    ::quillgen::hdl::visit_members(*this, #__VA_ARGS__, visit, __VA_ARGS__); \
  }

/// In a bundle: as a member of another one it adds its fields without a name of its own in front of them.
#define QUILLGEN_FIELDS_UNNAMED(...)       \
  static constexpr bool is_unnamed = true; \
  QUILLGEN_FIELDS(__VA_ARGS__)

namespace quillgen::hdl {

/// Values side by side of which there may be one: it then has the name of the member itself.
template <class T>
struct Beside : std::vector<T> {
  using std::vector<T>::vector;
};

namespace detail {

template <class T>
struct IsBeside : std::false_type {};
template <class T>
struct IsBeside<Beside<T>> : std::true_type {};
template <class T>
struct IsList : std::false_type {};
template <class T>
struct IsList<std::vector<T>> : std::true_type {};
template <class T, std::size_t n>
struct IsList<std::array<T, n>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class Member, class Visit>
void visit_member(const std::string& name, Member& member, Visit& visit) {
  if constexpr (IsBeside<Member>::value) {
    std::vector<typename Member::value_type>& list = member;
    if (list.size() == 1) visit_member(name, list[0], visit);
    else visit_member(name, list, visit);
  } else if constexpr (IsList<Member>::value) {
    for (std::size_t i = 0; i < member.size(); ++i) visit_member(name + "_" + std::to_string(i), member[i], visit);
  } else if constexpr (IsOptional<Member>::value) {
    if (member) visit_member(name, *member, visit);
  } else if constexpr (requires { Member::is_unnamed; }) {
    member.each(visit);
  } else {
    visit(name, member);
  }
}

}  // namespace detail

/// Calls visit(name, field) for every field; `names` are the members' names as the macro has them, "x, y, last".
template <class Whole, class Visit, class... Members>
void visit_members(Whole&, std::string_view names, Visit& visit, Members&... members) {
  static_assert(sizeof(Whole) == (sizeof(Members) + ...), "QUILLGEN_FIELDS lists every member of its struct, once");
  const auto next = [&names] {
    const std::size_t end = names.find(',');
    std::string name(names.substr(0, end));
    names.remove_prefix(end == names.npos ? names.size() : end + 2);
    return name;
  };
  // Braces, so that the names are taken from left to right.
  using InOrder = int[];
  (void)InOrder{(detail::visit_member(next(), members, visit), 0)...};
}

}  // namespace quillgen::hdl
