#include "dram/dram.hpp"

#include <algorithm>
#include <cmath>

namespace quillgen {

Picoseconds DramTiming::access_time() const { return std::llround(burst_length * 1e6 / data_rate_mts); }

Picoseconds DramTiming::clock_period() const { return std::llround(1e6 / clock_mhz); }

Picoseconds DramTiming::slowest() const {
  return controller + refresh + activate_to_precharge + write_recovery + precharge + four_activates +
         activate_to_column + write_to_read + read_latency + write_latency + access_time();
}

Picoseconds Dram::time_of(std::uint64_t cycle) const {
  return static_cast<Picoseconds>(cycle) * timing_.clock_period();
}

std::uint64_t Dram::cycle_of(Picoseconds time) const {
  const auto period = timing_.clock_period();
  return static_cast<std::uint64_t>((time + period - 1) / period);
}

/// The first time from `earliest` at which a bank may be activated, whichever it is.
Picoseconds Dram::activate_time(Picoseconds earliest) const {
  if (activates_.empty()) return earliest;
  earliest = std::max(earliest, activates_.back() + timing_.activate_to_activate);
  return activates_.size() < 4 ? earliest : std::max(earliest, activates_.front() + timing_.four_activates);
}

/// The first time from `earliest` at which a column command finds the data bus free, and turned round.
Picoseconds Dram::column_time(Picoseconds earliest, bool write) const {
  if (columns_.empty()) return earliest;
  const auto latency = write ? timing_.write_latency : timing_.read_latency;
  earliest = std::max({earliest, columns_.back() + timing_.access_time(), bus_free_ - latency});
  if (write && !last_was_write_) return std::max(earliest, bus_free_ + timing_.read_to_write - latency);
  if (!write && last_was_write_) return std::max(earliest, bus_free_ + timing_.write_to_read);
  return earliest;
}

/// All banks are closed, when each may be, and stay so.
void Dram::refresh() {
  auto begin = next_refresh_;
  const bool any_open = std::any_of(banks_.begin(), banks_.end(), [](const Bank& b) { return b.row >= 0; });
  for (const auto& bank : banks_) begin = std::max(begin, bank.row >= 0 ? bank.can_precharge : bank.can_activate);
  const auto end = begin + (any_open ? timing_.precharge : 0) + timing_.refresh;
  for (auto& bank : banks_) bank = {-1, end, 0, 0};
  next_refresh_ += timing_.refresh_interval;
  ++counts_.refreshes;
}

/// The end of its data.
Picoseconds Dram::access(Picoseconds arrived, std::uint64_t number, bool write) {
  const auto row_accesses = static_cast<std::uint64_t>(timing_.row_bytes) / timing_.access_bytes();
  auto& bank = banks_[number / row_accesses % banks_.size()];
  const auto row = static_cast<std::int64_t>(number / row_accesses / banks_.size());
  if (static_cast<int>(columns_.size()) == timing_.lookahead) arrived = std::max(arrived, columns_.front());

  const auto first_command = [&] {
    if (bank.row == row) return column_time(std::max(arrived, bank.can_access), write);
    return bank.row < 0 ? activate_time(std::max(arrived, bank.can_activate)) : std::max(arrived, bank.can_precharge);
  };
  // An access that has begun goes before a refresh that falls due meanwhile.
  while (timing_.refresh_interval > 0 && next_refresh_ <= first_command()) refresh();

  ++(bank.row == row ? counts_.hits : bank.row < 0 ? counts_.misses : counts_.conflicts);
  if (bank.row != row) {
    if (bank.row >= 0) bank.can_activate = std::max(arrived, bank.can_precharge) + timing_.precharge;
    const auto activate = activate_time(std::max(arrived, bank.can_activate));
    if (activates_.size() == 4) activates_.pop_front();
    activates_.push_back(activate);
    bank = {row, 0, activate + timing_.activate_to_column, activate + timing_.activate_to_precharge};
  }
  const auto column = column_time(std::max(arrived, bank.can_access), write);
  if (static_cast<int>(columns_.size()) == timing_.lookahead) columns_.pop_front();
  columns_.push_back(column);
  bus_free_ = column + (write ? timing_.write_latency : timing_.read_latency) + timing_.access_time();
  counts_.bus_busy += timing_.access_time();
  last_was_write_ = write;
  bank.can_precharge =
      std::max(bank.can_precharge, write ? bus_free_ + timing_.write_recovery : column + timing_.read_to_precharge);
  return bus_free_;
}

std::vector<std::uint64_t> Dram::read(std::uint64_t cycle, std::uint64_t address, std::uint32_t beats, int beat_bytes) {
  const auto size = static_cast<std::uint64_t>(beat_bytes);
  const auto arrived = time_of(cycle) + timing_.controller;
  std::vector<std::uint64_t> cycles;
  std::uint64_t beat = address / size * size, next = beat / timing_.access_bytes();
  Picoseconds end = 0;
  for (; cycles.size() < beats; beat += size) {
    for (; next * timing_.access_bytes() < beat + size; ++next) end = access(arrived, next, false);
    cycles.push_back(std::max(cycle + 1, cycle_of(end)));
  }
  return cycles;
}

std::uint64_t Dram::write(std::uint64_t cycle, std::uint64_t address, std::uint32_t beats, int beat_bytes) {
  const auto size = static_cast<std::uint64_t>(beat_bytes);
  const auto arrived = time_of(cycle) + timing_.controller;
  const auto begin = address / size * size, end = begin + beats * size;
  Picoseconds done = 0;
  for (auto next = begin / timing_.access_bytes(); next * timing_.access_bytes() < end; ++next)
    done = access(arrived, next, true);
  return std::max(cycle + 1, cycle_of(done));
}

}  // namespace quillgen
