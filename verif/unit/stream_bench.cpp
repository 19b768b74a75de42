#include "unit/stream_bench.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace quillgen::test {

using hdl::mask;

namespace {

std::size_t words_of(int width) { return static_cast<std::size_t>(width + 63) / 64; }
int bits_of_word(int width, std::size_t word) { return std::min(width - static_cast<int>(word) * 64, 64); }

}  // namespace

StreamBench::StreamBench(const hdl::Module& module, Options options)
    : options_(options), random_(options.seed), sim_(module, options.seed) {
  find_streams();
  sim_.set_reset(true);
  for (Stream& s : streams_) sim_.set(s.is_input ? s.valid : s.ready, 0);
  sim_.step();
  sim_.step();
  sim_.set_reset(false);
}

// A port belongs to the stream with the longest fitting name: a_b_x to a_b, if there is one, and not to a.
void StreamBench::find_streams() {
  const auto& ports = sim_.top().ports();
  for (const hdl::Port& p : ports) {
    if (!p.name.ends_with("_valid")) continue;
    const std::string name = p.name.substr(0, p.name.size() - 6);
    const int ready = sim_.top().port_index(name + "_ready");
    if (ready < 0 || ports[static_cast<std::size_t>(ready)].is_input == p.is_input) continue;
    Stream s;
    s.name = name, s.is_input = p.is_input, s.valid = sim_.port(p.name), s.ready = ready;
    s.stall_percent = options_.stall_percent;
    streams_.push_back(std::move(s));
  }
  for (std::size_t i = 0; i < ports.size(); ++i) {
    Stream* owner = nullptr;
    for (Stream& s : streams_)
      if ((ports[i].name == s.name || ports[i].name.starts_with(s.name + "_")) &&
          (owner == nullptr || s.name.size() > owner->name.size()))
        owner = &s;
    const int port = static_cast<int>(i);
    if (owner != nullptr && port != owner->valid && port != owner->ready && ports[i].is_input == owner->is_input)
      owner->fields.push_back({port, ports[i].width});
  }
}

StreamBench::Stream& StreamBench::find(const std::string& name) {
  for (Stream& s : streams_)
    if (s.name == name) return s;
  throw std::invalid_argument(fmt::format("{} has no stream {}", sim_.top().name(), name));
}

void StreamBench::push(const std::string& stream, const std::vector<std::int64_t>& words) {
  Stream& s = find(stream);
  std::vector<std::uint64_t> transfer;
  std::size_t at = 0;
  for (const Field& f : s.fields)
    for (std::size_t w = 0; w < words_of(f.width); ++w, ++at) {
      const int bits = bits_of_word(f.width, w);
      const std::int64_t value = at < words.size() ? words[at] : 0;
      if (bits < 64 && (value >= std::int64_t{1} << bits || value < -(std::int64_t{1} << (bits - 1))))
        throw std::invalid_argument(fmt::format("{} does not fit the {} bits of port {}", value, f.width,
                                                sim_.top().ports()[static_cast<std::size_t>(f.port)].name));
      transfer.push_back(static_cast<std::uint64_t>(value) & mask(bits));
    }
  if (!s.is_input || at != words.size())
    throw std::invalid_argument(fmt::format("stream {} is an {} of {} words, given {}", stream,
                                            s.is_input ? "input" : "output", at, words.size()));
  s.queue.push_back(std::move(transfer));
}

void StreamBench::drive_payload(const Stream& s, const std::vector<std::uint64_t>* words) {
  std::size_t at = 0;
  for (const Field& f : s.fields) {
    std::vector<std::uint64_t> value;
    for (std::size_t w = 0; w < words_of(f.width); ++w, ++at)
      value.push_back(words != nullptr ? (*words)[at] : random_() & mask(bits_of_word(f.width, w)));
    sim_.set_wide(f.port, value);
  }
}

void StreamBench::drive(Stream& s) {
  const bool stalled = chance(s.stall_percent);
  if (!s.is_input) return sim_.set(s.ready, stalled ? 0 : 1);
  if (s.offering) return;  // an offer stands until it is taken
  s.offering = !s.queue.empty() && !stalled;
  drive_payload(s, s.offering ? &s.queue.front() : nullptr);
  sim_.set(s.valid, s.offering ? 1 : 0);
}

void StreamBench::cycle(bool allow_surplus) {
  for (Stream& s : streams_) drive(s);
  sim_.settle();
  if (on_cycle_) on_cycle_(sim_);
  for (Stream& s : streams_) {
    if (sim_.get(s.valid) == 0 || sim_.get(s.ready) == 0) continue;
    if (s.is_input) {
      s.queue.pop_front();
      s.offering = false;
      ++s.accepted;
      continue;
    }
    auto& transfer = s.received.emplace_back();
    for (const Field& f : s.fields)
      for (const std::uint64_t word : sim_.get_wide(f.port)) transfer.push_back(word);
    if (!allow_surplus && s.received.size() > s.expected)
      fail(fmt::format("stream {} sends {} after all that was expected", s.name, transfer));
  }
  try {
    sim_.step();
  } catch (const interp::InterpreterError& e) {
    fail(e.what());
  }
}

bool StreamBench::finished() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const Stream& s) { return s.is_input ? s.queue.empty() : s.received.size() >= s.expected; });
}

std::uint64_t StreamBench::run(std::uint64_t max_cycles) {
  std::uint64_t cycles = 0;
  for (; !finished(); ++cycles) {
    if (cycles == max_cycles) fail(fmt::format("hang: not finished after {} cycles", max_cycles));
    cycle(false);
  }
  for (int i = 0; i < options_.trailing_cycles; ++i) cycle(false);
  return cycles;
}

void StreamBench::run_cycles(std::uint64_t cycles) {
  for (std::uint64_t i = 0; i < cycles; ++i) cycle(true);
}

std::vector<std::vector<std::int64_t>> StreamBench::received_signed(const std::string& stream) {
  const Stream& s = find(stream);
  std::vector<std::vector<std::int64_t>> result;
  for (const auto& transfer : s.received) {
    auto& list = result.emplace_back();
    std::size_t at = 0;
    for (const Field& f : s.fields)
      for (std::size_t w = 0; w < words_of(f.width); ++w, ++at) {
        const int unused = 64 - bits_of_word(f.width, w);
        list.push_back(static_cast<std::int64_t>(transfer[at] << unused) >> unused);
      }
  }
  return result;
}

std::string StreamBench::state() {
  std::string text = fmt::format("{}, seed {}, stalls {} %, cycle {}", sim_.top().name(), options_.seed,
                                 options_.stall_percent, sim_.cycle());
  for (const Stream& s : streams_)
    text += fmt::format("\n  {} {}: valid {}, ready {}, {}", s.is_input ? "input" : "output", s.name, sim_.get(s.valid),
                        sim_.get(s.ready),
                        s.is_input ? fmt::format("{} taken, {} queued", s.accepted, s.queue.size())
                                   : fmt::format("{} of {} received", s.received.size(), s.expected));
  return text;
}

void StreamBench::fail(const std::string& what) { throw std::runtime_error(what + "\n" + state()); }

}  // namespace quillgen::test
