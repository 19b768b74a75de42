// Finds the node that equals a given one: a hash table of node numbers.
#pragma once
#include <cstddef>
#include <vector>

#include "hdl/node.hpp"

namespace quillgen::hdl {

/// Equal but for source line and marks.
inline bool same_node(const Node& x, const Node& y) {
  return x.op == y.op && x.width == y.width && x.a == y.a && x.b == y.b && x.c == y.c && x.extra == y.extra;
}

struct NodeHash {
  std::size_t operator()(const Node& n) const {
    std::uint64_t h = static_cast<std::uint64_t>(n.op) * 0x9E3779B97F4A7C15u;
    for (std::uint64_t v :
         {static_cast<std::uint64_t>(n.width), std::uint64_t{n.a}, std::uint64_t{n.b}, std::uint64_t{n.c}, n.extra}) {
      h = (h ^ v) * 0xFF51AFD7ED558CCDu;
      h ^= h >> 32;
    }
    return h;
  }
};

class NodeTable {
 public:
  /// The node of `nodes` that equals n; no_id if there is none.
  Id find(const std::vector<Node>& nodes, const Node& n) const {
    return slots_.empty() ? no_id : slots_[place(nodes, n)];
  }
  /// Enters a node that find() did not find.
  void insert(const std::vector<Node>& nodes, Id id) {
    if (2 * (used_ + 1) > slots_.size()) grow(nodes);
    slots_[place(nodes, nodes[id])] = id;
    ++used_;
  }

 private:
  // Where the node is, or the free slot where it belongs.
  std::size_t place(const std::vector<Node>& nodes, const Node& n) const {
    const std::size_t last = slots_.size() - 1;
    std::size_t at = NodeHash()(n) & last;
    while (slots_[at] != no_id && !same_node(nodes[slots_[at]], n)) at = (at + 1) & last;
    return at;
  }
  void grow(const std::vector<Node>& nodes) {
    std::vector<Id> old(slots_.empty() ? 64 : 2 * slots_.size(), no_id);
    old.swap(slots_);
    for (Id id : old)
      if (id != no_id) slots_[place(nodes, nodes[id])] = id;
  }

  std::vector<Id> slots_;  // a power of two of them
  std::size_t used_ = 0;
};

}  // namespace quillgen::hdl
