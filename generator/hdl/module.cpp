#include "hdl/module.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>

#include "hdl/keywords.hpp"
#include "hdl/upper.hpp"

namespace quillgen::hdl {

std::string SourceLine::str() const {
  const char* slash = std::strrchr(file, '/');
  return fmt::format("{}:{}", slash ? slash + 1 : file, line);
}

const char* op_name(Op op) {
  static const char* const names[] = {"constant",   "input",       "register",    "instance output",
                                      "wire",       "not",         "and",         "or",
                                      "xor",        "add",         "sub",         "mul",
                                      "mul",        "equal",       "less",        "less",
                                      "shift left", "shift right", "shift right", "mux",
                                      "slice",      "concat",      "zero extend", "sign extend",
                                      "rom"};
  return names[static_cast<int>(op)];
}

int index_bits(std::uint64_t n) { return n <= 2 ? 1 : std::bit_width(n - 1); }
int value_bits(std::uint64_t n) { return n == 0 ? 1 : std::bit_width(n); }

std::uint64_t mask(int width) { return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1; }

int MemoryInfo::address_bits() const { return index_bits(static_cast<std::uint64_t>(depth)); }

void Module::fail(const std::string& message) const { throw HdlError(fmt::format("module {}: {}", name_, message)); }

std::string Module::describe_node(Id id) const {
  const Node& n = nodes_[id];
  const std::string& name = name_of(id);
  return fmt::format("{} ({} bits, {})", name.empty() ? std::string(op_name(n.op)) : name, n.width, n.at.str());
}

const std::string& Module::name_of(Id id) const {
  static const std::string none;
  return id < names_.size() ? names_[id] : none;
}

void Module::store_name(Id id, const std::string& name) {
  if (names_.size() <= id) names_.resize(id + std::size_t{1});
  names_[id] = name;
}

Id Module::push(Node n) {
  nodes_.push_back(n);
  return static_cast<Id>(nodes_.size() - 1);
}

// The node that equals n; n itself if there is none yet.
Id Module::push_shared(const Node& n) {
  if (Id id = shared_.find(nodes_, n); id != no_id) return id;
  Id id = push(n);
  shared_.insert(nodes_, id);
  return id;
}

// Names are public: lower-case words joined by underscores, no keyword, each used once in a module.
void Module::claim_name(const std::string& name, SourceLine at) {
  bool legal = !name.empty() && std::islower(static_cast<unsigned char>(name[0])) != 0;
  for (char ch : name)
    legal = legal && (std::islower(static_cast<unsigned char>(ch)) != 0 ||
                      std::isdigit(static_cast<unsigned char>(ch)) != 0 || ch == '_');
  if (!legal || is_keyword(name) || name == "clk" || name == "rst" || name == "rst_n" || name == "test_mode")
    fail(fmt::format("\"{}\" is not a usable name ({})", name, at.str()));
  auto [it, fresh] = claimed_.try_emplace(name, at);
  if (!fresh) fail(fmt::format("name \"{}\" is used twice ({} and {})", name, it->second.str(), at.str()));
}

void Module::check_port_name(const std::string& name, SourceLine at) const {
  if (is_vhdl_keyword(name))
    fail(fmt::format("port \"{}\" has the name of a VHDL keyword ({}); choose another, so that VHDL can instantiate it",
                     name, at.str()));
}

void Module::place(Statement::Kind kind, std::uint32_t index) {
  std::vector<std::size_t>& places = placed_[static_cast<std::size_t>(kind)];
  if (places.size() <= index) places.resize(index + std::size_t{1}, 0);
  if (places[index] != 0) statements_[places[index] - 1].kind = Statement::Kind::none;
  statements_.push_back({kind, index});
  places[index] = statements_.size();
}

void Module::note(std::string text) {
  notes_.push_back(std::move(text));
  place(Statement::Kind::note, static_cast<std::uint32_t>(notes_.size() - 1));
}

Id Module::constant(std::uint64_t value, int width, SourceLine at) {
  if (width < 1 || width > 64) fail(fmt::format("constant of {} bits ({}); use 1 to 64", width, at.str()));
  if ((value & ~mask(width)) != 0) fail(fmt::format("constant {} does not fit {} bits ({})", value, width, at.str()));
  return push_shared({Op::constant, false, width, no_id, no_id, no_id, value, at});
}

void Module::check_operands(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at) const {
  auto require = [&](bool ok, const std::string& why) {
    if (ok) return;
    std::string text = fmt::format("{} at {}: {}", op_name(op), at.str(), why);
    for (Id id : {a, b, c})
      if (id != no_id && id < nodes_.size()) text += fmt::format("; {}", describe_node(id));
    fail(text);
  };
  for (Id id : {a, b, c}) require(id == no_id || id < nodes_.size(), "operand of another module");
  require(width >= 1, "width below 1");
  auto w = [&](Id id) { return nodes_[id].width; };
  auto narrow = [&](int bits) {
    require(bits <= max_arithmetic_bits, fmt::format("arithmetic is limited to {} bits", max_arithmetic_bits));
  };
  switch (op) {
    case Op::bit_not:
      require(w(a) == width, "operand and result differ in width");
      break;
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor:
      require(w(a) == width && w(b) == width, "operands differ in width");
      break;
    case Op::add:
    case Op::sub:
      require(w(a) == width && w(b) == width, "operands differ in width");
      narrow(width);
      break;
    case Op::mul_unsigned:
    case Op::mul_signed:
      require(width == w(a) + w(b), "a product is as wide as both factors together");
      narrow(width);
      break;
    case Op::equal:
      require(w(a) == w(b) && width == 1, "operands differ in width");
      break;
    case Op::less_unsigned:
    case Op::less_signed:
      require(w(a) == w(b) && width == 1, "operands differ in width");
      narrow(w(a));
      break;
    case Op::shift_left:
    case Op::shift_right:
    case Op::shift_right_signed:
      require(w(a) == width, "operand and result differ in width");
      narrow(width);
      require(w(b) <= 16, "shift amount above 16 bits");
      break;
    case Op::mux:
      require(w(a) == 1 && w(b) == width && w(c) == width, "condition must be 1 bit, both choices equally wide");
      break;
    case Op::slice:
      require(extra <= static_cast<std::uint64_t>(w(a)) && static_cast<int>(extra) + width <= w(a),
              fmt::format("bits [{}:{}] are out of range", static_cast<std::int64_t>(extra) + width - 1,
                          static_cast<std::int64_t>(extra)));
      break;
    case Op::concat:
      require(width == w(a) + w(b), "width is not the sum of the parts");
      break;
    case Op::zero_extend:
    case Op::sign_extend:
      require(width >= w(a), "extension to fewer bits");
      break;
    case Op::rom:  // checked by rom()
      break;
    default:
      require(false, "not a pure operation");
  }
}

Id Module::make(Op op, int width, Id a, Id b, Id c, std::uint64_t extra, SourceLine at) {
  check_operands(op, width, a, b, c, extra, at);
  if (Id id = simplify(op, width, a, b, c, extra, at); id != no_id) {
    for (Id operand : {a, b, c})
      if (operand != no_id) nodes_[operand].absorbed = true;  // read by the author, though no longer by the netlist
    return id;
  }
  return push_shared({op, false, width, a, b, c, extra, at});
}

Id Module::rom(std::vector<std::uint64_t> table, int width, Id address, SourceLine at) {
  if (width > 64) fail(fmt::format("rom of {} bits ({}); at most 64", width, at.str()));
  for (auto v : table)
    if ((v & ~mask(width)) != 0) fail(fmt::format("rom entry {} does not fit {} bits ({})", v, width, at.str()));
  const int reach = nodes_[address].width;
  if (reach > 24 || table.size() > std::size_t{1} << reach)
    fail(fmt::format("rom at {}: {}; {}", at.str(),
                     reach > 24 ? "more than 24 address bits" : "table longer than the address reaches",
                     describe_node(address)));
  table.resize(std::size_t{1} << reach, 0);
  std::uint64_t hash = table.size();
  for (auto v : table) hash = (hash ^ v) * 0xFF51AFD7ED558CCDu, hash ^= hash >> 32;
  std::vector<std::uint32_t>& alike = rom_numbers_[hash];
  auto same = std::find_if(alike.begin(), alike.end(), [&](std::uint32_t i) { return roms_[i] == table; });
  const std::uint32_t number = same != alike.end() ? *same : static_cast<std::uint32_t>(roms_.size());
  if (same == alike.end()) {
    alike.push_back(number);
    roms_.push_back(std::move(table));
  }
  return make(Op::rom, width, address, no_id, no_id, number, at);
}

Id Module::add_input(const std::string& name, int width, SourceLine at, const std::string& whole) {
  check_port_name(name, at);
  claim_name(name, at);
  if (width < 1) fail(fmt::format("input {} has width {} ({})", name, width, at.str()));
  Id id = push({Op::input, false, width, no_id, no_id, no_id, ports_.size(), at});
  store_name(id, name);
  port_numbers_[name] = static_cast<int>(ports_.size());
  ports_.push_back({name, whole.empty() ? name : whole, true, width, id, at});
  return id;
}

void Module::add_output(const std::string& name, Id value, SourceLine at, const std::string& whole) {
  check_port_name(name, at);
  if (int i = port_index(name); i >= 0)
    fail(fmt::format("port \"{}\" is declared twice ({} and {})", name, ports_[static_cast<std::size_t>(i)].at.str(),
                     at.str()));
  // A port of the same name as the register or wire behind it is that net.
  if (name_of(value) != name) {
    claim_name(name, at);
    if (name_of(value).empty() && !is_source(node(value).op)) {
      store_name(value, name);
      place(Statement::Kind::net, value);
    }
  }
  port_numbers_[name] = static_cast<int>(ports_.size());
  ports_.push_back({name, whole.empty() ? name : whole, false, width(value), value, at});
}

Id Module::add_reg(const std::string& name, int width, std::optional<std::uint64_t> reset, SourceLine at) {
  if (!name.empty()) claim_name(name, at);
  if (width < 1) fail(fmt::format("register {} has width {} ({})", name, width, at.str()));
  if (reset && (*reset & ~mask(width)) != 0)
    fail(fmt::format("reset value of {} does not fit {} bits ({})", name, width, at.str()));
  Id id = push({Op::reg, false, width, no_id, no_id, no_id, regs_.size(), at});
  if (!name.empty()) store_name(id, name);
  regs_.push_back({id, reset, {}, {}});
  has_clock_ = true;
  has_reset_ = has_reset_ || reset.has_value();
  place(Statement::Kind::reg_declare, static_cast<std::uint32_t>(regs_.size() - 1));
  return id;
}

void Module::name_values(Id reg, const std::vector<std::string>& names, SourceLine at) {
  RegInfo& r = regs_[static_cast<std::size_t>(nodes_[reg].extra)];
  if (names.empty() || (nodes_[reg].width < 32 && names.size() > std::size_t{1} << nodes_[reg].width))
    fail(fmt::format("{} names of values for register {} ({})", names.size(), describe_node(reg), at.str()));
  for (const auto& value : names) {
    const std::string name = upper(name_of(reg) + "_" + value);
    if (auto [it, fresh] = claimed_.try_emplace(name, at); !fresh)
      fail(fmt::format("name \"{}\" is used twice ({} and {})", name, it->second.str(), at.str()));
    r.value_names.push_back(name);
  }
}

void Module::update_reg(Id reg, Id enable, Id data, SourceLine at) {
  auto number = static_cast<std::uint32_t>(nodes_[reg].extra);
  RegInfo& info = regs_[number];
  if (width(data) != width(reg))
    fail(
        fmt::format("register {} is given {} at {}: widths differ", describe_node(reg), describe_node(data), at.str()));
  if (!info.updates.empty() && info.updates.back().enable == no_id)
    fail(fmt::format("register {} is updated again at {} after an unconditional update", describe_node(reg), at.str()));
  std::uint64_t constant_enable = 0;
  if (enable != no_id && is_constant(enable, constant_enable)) {
    if (constant_enable == 0) {
      nodes_[data].absorbed = true;
      place(Statement::Kind::reg_update, number);
      return;
    }
    enable = no_id;
  }
  info.updates.push_back({enable, data});
  place(Statement::Kind::reg_update, number);
}

Id Module::add_wire(const std::string& name, int width, SourceLine at, bool handshake) {
  claim_name(name, at);
  if (width < 1) fail(fmt::format("wire {} has width {} ({})", name, width, at.str()));
  Id id = push({Op::wire, false, width, no_id, no_id, no_id, handshake ? 1u : 0u, at});
  store_name(id, name);
  place(Statement::Kind::wire_declare, id);
  return id;
}

void Module::drive_wire(Id wire, Id value, SourceLine at) {
  Node& n = nodes_[wire];
  if (n.a != no_id)
    fail(fmt::format("wire {} is driven twice, by {} and by {} at {}", describe_node(wire), describe_node(n.a),
                     describe_node(value), at.str()));
  if (width(value) != n.width)
    fail(fmt::format("wire {} is driven by {} at {}: widths differ", describe_node(wire), describe_node(value),
                     at.str()));
  n.a = value;
  place(Statement::Kind::wire_drive, wire);
}

Id Module::set_name(Id node, const std::string& name, SourceLine at) {
  if (name_of(node) == name) return node;
  if (!name_of(node).empty() || nodes_[node].op == Op::constant) {  // an alias: a wire that is driven at once
    Id wire = add_wire(name, width(node), at);
    drive_wire(wire, node, at);
    return wire;
  }
  claim_name(name, at);
  store_name(node, name);
  if (nodes_[node].op != Op::instance_output) place(Statement::Kind::net, node);
  return node;
}

std::uint32_t Module::add_instance(const std::string& name, const Module& child, SourceLine at) {
  claim_name("u_" + name, at);
  InstanceInfo info{name, &child, {}, {}, at};
  info.inputs.assign(child.ports().size(), no_id);
  info.outputs.assign(child.ports().size(), no_id);
  instances_.push_back(std::move(info));
  has_clock_ = has_clock_ || child.has_clock();
  has_reset_ = has_reset_ || child.has_reset();
  has_clock_gate_ = has_clock_gate_ || child.has_clock_gate();
  has_block_reset_ = has_block_reset_ || child.has_block_reset();
  auto number = static_cast<std::uint32_t>(instances_.size() - 1);
  InstanceInfo& mine = instances_.back();
  for (std::size_t i = 0; i < child.ports().size(); ++i) {
    const Port& p = child.ports()[i];
    if (p.is_input) continue;
    std::string net = name + "_" + p.name;
    claim_name(net, at);
    mine.outputs[i] =
        push({Op::instance_output, false, p.width, no_id, no_id, no_id, (std::uint64_t{number} << 32) | i, at});
    store_name(mine.outputs[i], net);
  }
  place(Statement::Kind::instance_declare, number);
  place(Statement::Kind::instance, number);
  return number;
}

void Module::connect_reset(std::uint32_t instance, Id reset, SourceLine at) {
  InstanceInfo& info = instances_[instance];
  const Node& n = nodes_[reset];
  bool is_register = n.op == Op::reg;
  if (n.op == Op::instance_output && (n.extra >> 63) == 0) {  // made by another instance
    const Module& maker = *instances_[n.extra >> 32].module;
    is_register = n.extra >> 32 != instance && maker.node(maker.ports()[n.extra & 0xFFFFFFFFu].node).op == Op::reg;
  }
  if (info.reset != no_id || width(reset) != 1 || !is_register)
    fail(fmt::format("reset of instance {} by {} at {}: use a register of one bit outside of it, once", info.name,
                     describe_node(reset), at.str()));
  info.reset = reset;
  has_block_reset_ = has_block_reset_ || info.module->has_reset();
  place(Statement::Kind::instance, instance);
}

void Module::connect_clock_enable(std::uint32_t instance, Id enable, SourceLine at) {
  InstanceInfo& info = instances_[instance];
  if (info.clock_enable != no_id || width(enable) != 1 || !info.module->has_clock() || info.module->has_clock_gate())
    fail(fmt::format(
        "clock enable of instance {} by {} at {}: use one bit, once, on a module with a clock and no gates below",
        info.name, describe_node(enable), at.str()));
  info.clock_enable = enable;
  has_clock_gate_ = true;
  place(Statement::Kind::instance, instance);
}

void Module::connect_input(std::uint32_t instance, const std::string& port, Id value, SourceLine at) {
  InstanceInfo& info = instances_[instance];
  int i = info.module->port_index(port);
  if (i < 0 || !info.module->ports()[static_cast<std::size_t>(i)].is_input)
    fail(fmt::format("instance {} of {} has no input \"{}\" ({})", info.name, info.module->name(), port, at.str()));
  auto index = static_cast<std::size_t>(i);
  const Port& p = info.module->ports()[index];
  if (info.inputs[index] != no_id)
    fail(fmt::format("input {}.{} is driven twice, by {} and by {} at {}", info.name, port,
                     describe_node(info.inputs[index]), describe_node(value), at.str()));
  if (p.width != width(value))
    fail(fmt::format("input {}.{} ({} bits, {}) is driven by {} at {}: widths differ", info.name, port, p.width,
                     p.at.str(), describe_node(value), at.str()));
  info.inputs[index] = value;
  place(Statement::Kind::instance, instance);
}

Id Module::instance_output(std::uint32_t instance, const std::string& port, SourceLine at) {
  const InstanceInfo& info = instances_[instance];
  int i = info.module->port_index(port);
  if (i < 0 || info.module->ports()[static_cast<std::size_t>(i)].is_input)
    fail(fmt::format("instance {} of {} has no output \"{}\" ({})", info.name, info.module->name(), port, at.str()));
  return info.outputs[static_cast<std::size_t>(i)];
}

// Positions of the nets of a port, bundle or stream, or of a single one of them.
std::vector<std::size_t> Module::nets_of(const InstanceInfo& info, const std::string& port, SourceLine at) const {
  const auto& ports = info.module->ports();
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].whole == port || ports[i].name == port) found.push_back(i);
  if (found.empty())
    fail(fmt::format("instance {} of {} has no port \"{}\" ({})", info.name, info.module->name(), port, at.str()));
  return found;
}

void Module::pass_port(std::uint32_t instance, const std::string& port, const std::string& as, SourceLine at) {
  for (const std::size_t i : nets_of(instances_[instance], port, at)) {
    const Port p = instances_[instance].module->ports()[i];
    const std::string name = as + p.name.substr(port.size());
    if (!p.is_input) {
      add_output(name, instances_[instance].outputs[i], at, as);
      continue;
    }
    const int mine = port_index(name);
    const Id node = mine >= 0 ? ports_[static_cast<std::size_t>(mine)].node : add_input(name, p.width, at, as);
    if (nodes_[node].op != Op::input)
      fail(fmt::format("input {}.{} is to be fed by port {} at {}, which is an output", instances_[instance].name,
                       p.name, describe_node(node), at.str()));
    connect_input(instance, p.name, node, at);
  }
}

void Module::join_ports(std::uint32_t instance, const std::string& port, std::uint32_t other,
                        const std::string& other_port, SourceLine at) {
  const auto here = nets_of(instances_[instance], port, at), there = nets_of(instances_[other], other_port, at);
  const auto told = [&](std::uint32_t number, const Port& p) {
    return fmt::format("{}.{} ({})", instances_[number].name, p.name, p.at.str());
  };
  for (const std::size_t i : here) {
    const Port p = instances_[instance].module->ports()[i];
    const std::string name = other_port + p.name.substr(port.size());
    const auto found = std::find_if(there.begin(), there.end(),
                                    [&](std::size_t j) { return instances_[other].module->ports()[j].name == name; });
    if (found == there.end())
      fail(fmt::format("{} has no partner {} in instance {} of {} ({})", told(instance, p), name,
                       instances_[other].name, instances_[other].module->name(), at.str()));
    const Port q = instances_[other].module->ports()[*found];
    if (p.is_input == q.is_input)
      fail(fmt::format("{} and {} are both {}s ({})", told(instance, p), told(other, q),
                       p.is_input ? "input" : "output", at.str()));
    if (p.is_input) connect_input(instance, p.name, instances_[other].outputs[*found], at);
    else connect_input(other, q.name, instances_[instance].outputs[i], at);
  }
  if (here.size() != there.size())
    fail(fmt::format("instance {} of {} has {} nets of {} and instance {} of {} has {} of {} ({})",
                     instances_[instance].name, instances_[instance].module->name(), here.size(), port,
                     instances_[other].name, instances_[other].module->name(), there.size(), other_port, at.str()));
}

std::uint32_t Module::add_memory(const std::string& name, int depth, int width, int latency, SourceLine at) {
  claim_name("u_" + name, at);
  if (depth < 1 || width < 1 || latency < 0 || latency > 1)
    fail(fmt::format("memory {} of {} x {} bits, latency {} ({})", name, depth, width, latency, at.str()));
  MemoryInfo info;
  info.name = name, info.depth = depth, info.width = width, info.latency = latency, info.at = at;
  memories_.push_back(info);
  has_clock_ = true;
  return static_cast<std::uint32_t>(memories_.size() - 1);
}

void Module::memory_write(std::uint32_t memory, Id enable, Id address, Id data, SourceLine at) {
  MemoryInfo& mem = memories_[memory];
  if (mem.write_enable != no_id)
    fail(fmt::format("memory {} ({}) is written twice, again at {}", mem.name, mem.at.str(), at.str()));
  if (width(enable) != 1 || width(address) != mem.address_bits() || width(data) != mem.width)
    fail(fmt::format("memory {} needs {} address and {} data bits, is given {} and {} at {}", mem.name,
                     mem.address_bits(), mem.width, describe_node(address), describe_node(data), at.str()));
  mem.write_enable = enable, mem.write_address = address, mem.write_data = data;
  place(Statement::Kind::memory, memory);
}

Id Module::memory_read(std::uint32_t memory, Id enable, Id address, SourceLine at) {
  MemoryInfo& mem = memories_[memory];
  if (mem.read_address != no_id)
    fail(fmt::format("memory {} ({}) is read twice, again at {}", mem.name, mem.at.str(), at.str()));
  if (width(address) != mem.address_bits() || width(enable) != 1)
    fail(fmt::format("memory {} needs {} address bits, is given {} at {}", mem.name, mem.address_bits(),
                     describe_node(address), at.str()));
  claim_name(mem.name + "_q", at);
  mem.read_enable = enable, mem.read_address = address;
  mem.read_data =
      push({Op::instance_output, false, mem.width, no_id, no_id, no_id, memory | (std::uint64_t{1} << 63), at});
  store_name(mem.read_data, mem.name + "_q");
  place(Statement::Kind::memory_declare, memory);
  place(Statement::Kind::memory, memory);
  return mem.read_data;
}

int Module::port_index(const std::string& name) const {
  auto it = port_numbers_.find(name);
  return it == port_numbers_.end() ? -1 : it->second;
}

Design::Made* Design::find(const std::string& name, SourceLine at) {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return nullptr;
  if (it->second.module == nullptr)
    throw HdlError(fmt::format("module {} ({}) contains itself, at {}", name, it->second.place, place(at)));
  return &it->second;
}

std::string Design::place(SourceLine at) const {
  return in_work_.empty() ? at.str() : fmt::format("{} for {}", at.str(), in_work_.back());
}

Module& Design::make(const std::string& name, std::any key, const std::function<void(Module&)>& build, SourceLine at) {
  by_name_[name] = {nullptr, std::move(key), place(at)};
  auto fresh = std::make_unique<Module>(name);
  in_work_.push_back(name);
  const std::shared_ptr<void> done(nullptr, [this](void*) { in_work_.pop_back(); });  // a mistake leaves it too
  build(*fresh);
  Module& result = *fresh;
  by_name_[name].module = fresh.get();
  modules_.push_back(std::move(fresh));
  return result;
}

void Design::fail_again(const std::string& name, const Made& before, SourceLine at) const {
  throw HdlError(fmt::format(
      "module {} is made at {} and, with other contents, at {}: put the parameters that differ into its name", name,
      before.place, place(at)));
}

Module& Design::module(const std::string& name, const std::function<void(Module&)>& build, SourceLine at) {
  if (Made* made = find(name, at)) fail_again(name, *made, at);
  return make(name, {}, build, at);
}

}  // namespace quillgen::hdl
