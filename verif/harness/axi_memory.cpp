#include "harness/axi_memory.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quillgen::harness {

AxiMemory::AxiMemory(MemoryMap& map, const AxiOptions& options)
    : map_(map),
      options_(options),
      checker_(options.data_bytes, breaches_),
      ar_chance_(options.seed * 8 + 1),
      r_chance_(options.seed * 8 + 2),
      aw_chance_(options.seed * 8 + 3),
      w_chance_(options.seed * 8 + 4),
      b_chance_(options.seed * 8 + 5),
      order_(options.seed * 8 + 6),
      noise_(options.seed * 8 + 7) {
  options_.latency = std::max(options_.latency, 1);
  if (options.dram) dram_.emplace(*options.dram);
  prepare();
}

void AxiMemory::restart_traffic() {
  traffic_ = {};
  if (dram_) dram_->restart_counts();
}

void AxiMemory::set_faults(std::optional<AxiFault> read, std::optional<AxiFault> write) {
  if (read) read->burst += bursts_read_;
  if (write) write->burst += bursts_written_;
  options_.read_fault = read;
  options_.write_fault = write;
}

bool AxiMemory::idle() const {
  const auto empty = [](const auto& queue) { return queue.empty(); };
  return writes_.empty() && data_.empty() && std::all_of(reads_.begin(), reads_.end(), empty) &&
         std::all_of(responses_.begin(), responses_.end(), empty);
}

void AxiMemory::reset() {
  for (auto& queue : reads_) queue.clear();
  for (auto& queue : responses_) queue.clear();
  writes_.clear(), data_.clear();
  out_.r_valid = out_.b_valid = stray_read_ = stray_response_ = false;
  checker_.reset();
}

/// The response to a burst: DECERR, reported, if it leaves its region or its ID has no business there.
std::uint32_t AxiMemory::accept(const char* channel, const AxiAddress& a, IdMask Region::*ids) {
  const std::uint64_t begin = a.address / options_.data_bytes * options_.data_bytes;
  const auto* region = map_.find(begin, (std::uint64_t{a.len} + 1) * options_.data_bytes);
  if (region && a.id < max_ids && region->*ids >> a.id & 1) {
    if (ids == &Region::read_ids && region->write_ids) check_complete(a, *region);
    return axi_okay;
  }
  breaches_.add(cycle_, fmt::format("{} (id {}, address {:#x}, len {}): {}", channel, a.id, a.address, a.len,
                                    region ? "not allowed in " + region->name : "outside of the allocated memory"));
  return axi_decerr;
}

/// What a master writes and reads again: no byte before it was written, and none before its write was answered; in
/// place, none after.
void AxiMemory::check_complete(const AxiAddress& a, const Region& region) {
  const auto breach = [&](const char* what) {
    breaches_.add(cycle_,
                  fmt::format("AR (id {}, address {:#x}, len {}): {} {}", a.id, a.address, a.len, what, region.name));
  };
  const auto first = a.address / options_.data_bytes * options_.data_bytes,
             last = first + (std::uint64_t{a.len} + 1) * options_.data_bytes;
  const auto begin = region.writes.begin() + static_cast<std::ptrdiff_t>(first - region.base),
             end = region.writes.begin() + static_cast<std::ptrdiff_t>(last - region.base);
  const auto overlaps = [&](const Burst& w) {
    return w.address.address < last && first < w.address.address + (w.address.len + 1) * options_.data_bytes;
  };
  const auto any_response = [&](const auto& condition) {
    return std::ranges::any_of(responses_, [&](const auto& queue) { return std::ranges::any_of(queue, condition); });
  };
  if (region.shared) {
    if (std::ranges::any_of(writes_, overlaps) || any_response(overlaps))
      breach("reads before a write was answered in");
    return;
  }
  if (region.in_place) {
    if (std::any_of(begin, end, [](auto n) { return n > 0; }) || std::any_of(writes_.begin(), writes_.end(), overlaps))
      breach("reads what is overwritten in");
    return;
  }
  if (std::find(begin, end, 0) != end) return breach("reads what was not written in");
  const auto in_region = [&](const Burst& w) {
    return w.address.address >= region.base && w.address.address < region.end();
  };
  if (std::ranges::any_of(writes_, in_region) || any_response(in_region))
    breach("reads before the last write was answered in");
}

void AxiMemory::take_read(const AxiAddress& address) {
  const auto latency = std::max(options_.latency, address.id == 0 ? options_.first_id_latency : 0);
  Burst burst{address, 0, cycle_ + latency, {}, accept("AR", address, &Region::read_ids)};
  if (dram_) {
    burst.beats_due = dram_->read(cycle_, address.address, address.len + 1, options_.data_bytes);
    burst.due = burst.beats_due.front();
  }
  if (const auto& fault = options_.read_fault; fault && fault->burst == bursts_read_) {
    burst.response = fault->response;
    if (fault->beat) burst.faulty_beat = std::min(*fault->beat, address.len);
  }
  ++bursts_read_;
  auto& queue = reads_[address.id % max_ids];
  queue.push_back(burst);
  auto& most_open = traffic_.most_open[address.id % max_ids];
  most_open = std::max(most_open, static_cast<int>(queue.size()));
  traffic_.highest_address = std::max(traffic_.highest_address, address.address);
}

void AxiMemory::take_write(const AxiAddress& address) {
  Burst burst{address, 0, 0, {}, accept("AW", address, &Region::write_ids)};
  if (options_.write_fault && options_.write_fault->burst == bursts_written_)
    burst.response = options_.write_fault->response;
  ++bursts_written_;
  writes_.push_back(burst);
  auto open = writes_.size();
  for (const auto& queue : responses_) open += queue.size();
  traffic_.most_open_writes = std::max(traffic_.most_open_writes, static_cast<int>(open));
  traffic_.highest_address = std::max(traffic_.highest_address, address.address);
}

void AxiMemory::store(const AxiWriteBeat& beat, const Burst& burst) {
  const std::uint64_t size = options_.data_bytes;
  const std::uint64_t address = burst.address.address / size * size + burst.beat * size;
  auto* region = map_.find(address, size);
  if (!region || burst.response == axi_decerr) return;
  for (std::uint64_t i = 0; i < size; ++i) {
    if (!(beat.strobe >> i & 1)) continue;
    const std::uint64_t offset = address + i - region->base;
    if (!region->in_row(offset)) {
      breaches_.add(cycle_,
                    fmt::format("W: the byte at {:#x} is in {} but outside its rows", address + i, region->name));
      continue;
    }
    region->bytes[offset] = beat.data[i];
    if (region->writes[offset] < 255) ++region->writes[offset];
  }
}

/// Matches data with addresses, in order.
void AxiMemory::take_data() {
  while (!writes_.empty() && !data_.empty()) {
    auto& burst = writes_.front();
    store(data_.front(), burst);
    data_.pop_front();
    if (burst.beat++ < burst.address.len) continue;
    const auto& a = burst.address;
    burst.due = dram_ ? dram_->write(cycle_, a.address, a.len + 1, options_.data_bytes)
                      : cycle_ + std::max(options_.latency, options_.response_latency);
    responses_[burst.address.id % max_ids].push_back(burst);
    writes_.pop_front();
  }
}

/// An R beat was taken.
void AxiMemory::deliver(int id) {
  auto& queue = reads_[id];
  auto& burst = queue.front();
  bool overtaking = false, interleaved = false;
  for (int other = 0; other < max_ids; ++other) {
    if (other == id || reads_[other].empty()) continue;
    overtaking = overtaking || reads_[other].front().due < burst.due;
    interleaved = interleaved || reads_[other].front().beat > 0;
  }
  traffic_.overtaking += overtaking, traffic_.interleaved += interleaved;
  bytes_read_[id] += options_.data_bytes;
  if (++burst.beat > burst.address.len) queue.pop_front();
}

void AxiMemory::clock(const AxiMasterSide& in) {
  checker_.clock(cycle_, in, out_);
  moved_ = (in.ar_valid && out_.ar_ready) || (in.aw_valid && out_.aw_ready) || (in.w_valid && out_.w_ready) ||
           (out_.r_valid && in.r_ready && !stray_read_) || (out_.b_valid && in.b_ready && !stray_response_);
  if (in.ar_valid && out_.ar_ready) take_read(in.ar);
  if (in.aw_valid && out_.aw_ready) take_write(in.aw);
  if (in.w_valid && out_.w_ready) {
    data_.push_back(in.w);
    bytes_written_ += options_.data_bytes;
  }
  take_data();
  if (out_.r_valid && in.r_ready) {
    if (!stray_read_) deliver(static_cast<int>(out_.r.id));
    out_.r_valid = stray_read_ = false;
  }
  if (out_.b_valid && in.b_ready) {
    if (!stray_response_) responses_[out_.b.id].pop_front();
    out_.b_valid = stray_response_ = false;
  }
  ++cycle_;
  prepare();
}

/// An ID whose oldest burst is due, or -1: the current one inside a burst, else the one that has waited longest; with
/// the chance of reordering any of them.
template <typename Queues>
int AxiMemory::choose(const Queues& queues, int current, bool in_burst) {
  const auto due = [&](int id) { return !queues[id].empty() && queues[id].front().is_due(cycle_); };
  std::array<int, max_ids> candidates;
  int count = 0, oldest = -1;
  for (int id = 0; id < max_ids; ++id) {
    if (!due(id)) continue;
    candidates[count++] = id;
    if (oldest < 0 || queues[id].front().due < queues[oldest].front().due) oldest = id;
  }
  if (count > 1 && order_(options_.reorder_percent)) return candidates[order_.below(count)];
  return in_burst && due(current) ? current : oldest;
}

/// An ID with nothing to answer, or -1.
template <typename Queues>
int AxiMemory::choose_stray(const Queues& queues) {
  if (silent_ || !order_(stray_percent_)) return -1;
  const auto id = static_cast<int>(order_.below(static_cast<std::uint64_t>(stray_ids_)));
  if (!queues[id].empty()) return -1;
  ++traffic_.strays;
  return id;
}

void AxiMemory::prepare_read() {
  if (out_.r_valid) return;  // offered and not taken: held
  const bool withheld = r_chance_(options_.stall_percent) || silent_;
  const int id =
      withheld ? -1 : choose(reads_, read_id_, !reads_[read_id_].empty() && reads_[read_id_].front().beat > 0);
  auto& r = out_.r;
  for (int i = 0; i < options_.data_bytes; i += 8) {
    const std::uint64_t bits = noise_.bits();
    for (int j = 0; j < 8; ++j) r.data[i + j] = static_cast<std::uint8_t>(bits >> (8 * j));
  }
  if (id < 0) {
    const std::uint64_t bits = noise_.bits();
    r.id = bits % max_ids, r.response = bits >> 8 & 3, r.last = bits >> 16 & 1;
    if (const int stray = choose_stray(reads_); stray >= 0)
      r.id = static_cast<std::uint32_t>(stray), out_.r_valid = stray_read_ = true;
    return;
  }
  const auto& burst = reads_[id].front();
  const std::uint64_t size = options_.data_bytes;
  const std::uint64_t address = burst.address.address / size * size + burst.beat * size;
  const bool faulty = burst.response != axi_okay && (!burst.faulty_beat || *burst.faulty_beat == burst.beat);
  if (auto* region = map_.find(address, size); region && !faulty) {
    std::copy_n(region->bytes.begin() + static_cast<std::ptrdiff_t>(address - region->base), size, r.data.begin());
    region->bytes_read += size;
  }
  r.id = static_cast<std::uint32_t>(id);
  r.response = faulty ? burst.response : static_cast<std::uint32_t>(axi_okay);
  r.last = burst.beat == burst.address.len;
  out_.r_valid = true;
  read_id_ = id;
}

void AxiMemory::prepare_response() {
  if (out_.b_valid) return;
  const bool withheld = b_chance_(options_.stall_percent) || silent_;
  const int id = withheld ? -1 : choose(responses_, 0, false);
  const std::uint64_t bits = noise_.bits();
  out_.b = {static_cast<std::uint32_t>(bits % max_ids), static_cast<std::uint32_t>(bits >> 8 & 3)};
  if (id < 0) {
    if (const int stray = choose_stray(responses_); stray >= 0)
      out_.b.id = static_cast<std::uint32_t>(stray), out_.b_valid = stray_response_ = true;
    return;
  }
  out_.b = {static_cast<std::uint32_t>(id), responses_[id].front().response};
  out_.b_valid = true;
}

/// Decides what is driven in the coming cycle.
void AxiMemory::prepare() {
  out_.ar_ready = !ar_chance_(options_.stall_percent) && !silent_;
  out_.aw_ready = !aw_chance_(options_.stall_percent) && !silent_ && !full_;
  out_.w_ready = !w_chance_(options_.stall_percent) && !silent_ && !full_;
  prepare_read();
  prepare_response();
}

}  // namespace quillgen::harness
