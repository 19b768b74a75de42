#include "harness/axi_checker.hpp"

#include <fmt/core.h>

#include <bit>

namespace quillgen::harness {

void Breaches::add(std::uint64_t cycle, std::string_view text) {
  if (++count_ <= 20) texts_.push_back(fmt::format("cycle {}: {}", cycle, text));
}

void AxiChecker::check_address(std::uint64_t cycle, std::string_view channel, const AxiAddress& a) {
  const auto breach = [&](std::string_view text) {
    breaches_.add(cycle, fmt::format("{} (id {}, address {:#x}, len {}): {}", channel, a.id, a.address, a.len, text));
  };
  if (a.burst != axi_incr) breach(fmt::format("burst type {} is not INCR", a.burst));
  if ((1u << a.size) != static_cast<unsigned>(data_bytes_))
    breach(fmt::format("size {} is not the full width", a.size));
  if (a.len > 15) breach("more than 16 beats");
  const std::uint64_t aligned = a.address / data_bytes_ * data_bytes_;
  if (aligned != a.address) breach("the address is not aligned to a beat");
  if (aligned / 4096 != (aligned + std::uint64_t{a.len} * data_bytes_) / 4096) breach("the burst crosses 4 KiB");
}

void AxiChecker::check_stable(std::uint64_t cycle, const AxiMasterSide& now) {
  const auto check = [&](std::string_view channel, const auto& held, bool valid, const auto& payload) {
    if (!held) return;
    if (!valid) {
      breaches_.add(cycle, fmt::format("{}: valid was withdrawn before ready", channel));
    } else if (!(*held == payload)) {
      breaches_.add(cycle, fmt::format("{}: the payload changed before ready", channel));
    }
  };
  check("AR", held_ar_, now.ar_valid, now.ar);
  check("AW", held_aw_, now.aw_valid, now.aw);
  check("W", held_w_, now.w_valid, now.w);
}

void AxiChecker::match_write_data(std::uint64_t cycle) {
  while (!open_writes_.empty() && !early_data_.empty()) {
    const bool last = early_data_.front();
    early_data_.pop_front();
    const bool should = beats_ == open_writes_.front();
    if (last != should)
      breaches_.add(cycle, fmt::format("W: WLAST is {} at beat {} of {}", last, beats_ + 1, open_writes_.front() + 1));
    if (should) {
      open_writes_.pop_front();
      beats_ = 0;
    } else {
      ++beats_;
    }
  }
}

void AxiChecker::clock(std::uint64_t cycle, const AxiMasterSide& master, const AxiSlaveSide& slave) {
  check_stable(cycle, master);
  const auto hold = [](auto& held, bool valid, bool ready, const auto& payload) {
    if (valid && !ready) {
      held = payload;
    } else {
      held.reset();
    }
  };
  hold(held_ar_, master.ar_valid, slave.ar_ready, master.ar);
  hold(held_aw_, master.aw_valid, slave.aw_ready, master.aw);
  hold(held_w_, master.w_valid, slave.w_ready, master.w);
  if (master.ar_valid && slave.ar_ready) check_address(cycle, "AR", master.ar);
  if (master.aw_valid && slave.aw_ready) {
    check_address(cycle, "AW", master.aw);
    open_writes_.push_back(master.aw.len);
  }
  if (master.w_valid && slave.w_ready) early_data_.push_back(master.w.last);
  match_write_data(cycle);
}

}  // namespace quillgen::harness
