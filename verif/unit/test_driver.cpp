// The driver of every output folder on registers that are an array, with what the hardware does when they are accessed.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <quillgen_driver.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "accel/host/registers.hpp"
#include "config/load.hpp"

using namespace quillgen;

namespace {

/// Registers as memory, a list of the writes, and what else happens at an access.
struct Board {
  std::array<std::uint32_t, 1024> words{};
  std::vector<std::string> writes;
  std::function<void(std::uint32_t offset)> before_read = [](std::uint32_t) {};
  std::function<bool()> idle = [] { return true; };
  int reads = 0, idles = 0;
  quillgen_device device{};

  Board() {
    device.context = this;
    device.read32 = [](void* board, std::uint32_t offset) {
      auto& b = *static_cast<Board*>(board);
      ++b.reads;
      b.before_read(offset);
      return b.at(offset);
    };
    device.write32 = [](void* board, std::uint32_t offset, std::uint32_t value) {
      auto& b = *static_cast<Board*>(board);
      b.writes.push_back(fmt::format("{:03x}={:x}", offset, value));
      if (offset == QUILLGEN_INT_STATE) b.at(offset) &= ~value;
      else b.at(offset) = value;
    };
    device.idle = [](void* board) {
      auto& b = *static_cast<Board*>(board);
      ++b.idles;
      return b.idle();
    };
    at(QUILLGEN_ID) = QUILLGEN_ID_VALUE, at(QUILLGEN_VERSION) = QUILLGEN_VERSION_VALUE;
  }
  Board(const Board&) = delete;
  std::uint32_t& at(std::uint32_t offset) { return words.at(offset / 4); }
};

using Writes = std::vector<std::string>;
constexpr std::uint32_t done = QUILLGEN_INT_STATE_DONE_MASK, failed = QUILLGEN_INT_STATE_FAILED_MASK,
                        refused = QUILLGEN_INT_STATE_REFUSED_MASK, step = QUILLGEN_INT_STATE_STEP_MASK;

}  // namespace

TEST_CASE("a check tells another device, another version and every capability that differs") {
  Board b;
  std::vector<std::uint32_t> expected, offsets;
  for (const auto& r : accel::register_map(load_preset("small")))
    if (r.name.starts_with("cap_")) {
      offsets.push_back(r.offset), expected.push_back(*r.constant);
      b.at(r.offset) = *r.constant;
    }
  REQUIRE(expected.size() == QUILLGEN_CAPABILITIES);
  CHECK(quillgen_check(&b.device, nullptr) == QUILLGEN_DONE);
  CHECK(quillgen_check(&b.device, expected.data()) == QUILLGEN_DONE);
  for (const auto offset : offsets) {
    b.at(offset) ^= 0x80;
    CHECK(quillgen_check(&b.device, nullptr) == QUILLGEN_DONE);
    CHECK(quillgen_check(&b.device, expected.data()) == QUILLGEN_OTHER_CAPABILITIES);
    b.at(offset) ^= 0x80;
  }
  ++b.at(QUILLGEN_VERSION);
  CHECK(quillgen_check(&b.device, nullptr) == QUILLGEN_OTHER_VERSION);
  ++b.at(QUILLGEN_ID);
  CHECK(quillgen_check(&b.device, nullptr) == QUILLGEN_OTHER_ID);
  CHECK(b.writes.empty());
}

TEST_CASE("registers at an address, without functions") {
  std::array<std::uint32_t, 64> words{};
  quillgen_device device{};
  device.base = reinterpret_cast<std::uintptr_t>(words.data());
  words[1] = 5;
  CHECK(quillgen_read(&device, QUILLGEN_VERSION) == 5);
  quillgen_start(&device, 0x123456789ABCDEF0);
  CHECK(words[QUILLGEN_DESC_LO / 4] == 0x9ABCDEF0);
  CHECK(words[QUILLGEN_DESC_HI / 4] == 0x12345678);
  CHECK(words[QUILLGEN_START / 4] == 1);
  words[QUILLGEN_INT_STATE / 4] = 0;
  CHECK(quillgen_wait(&device, 3) == QUILLGEN_BUSY);
}

TEST_CASE("what is written: start, resume, abort, reset, time-out, snapshot") {
  Board b;
  quillgen_start(&b.device, 0x1'0000'0040);
  quillgen_resume(&b.device);
  quillgen_abort(&b.device);
  quillgen_soft_reset(&b.device);
  quillgen_set_timeout(&b.device, 300);
  quillgen_snapshot(&b.device);
  CHECK(b.writes == Writes{"030=40", "034=1", "038=1", "054=8", "03c=4", "03c=1", "03c=2", "050=12c", "060=1"});
  CHECK(b.reads == 0);
}

TEST_CASE("a look tells the outcome that comes first, and leaves it") {
  Board b;
  for (std::uint32_t events = 0; events < 16; ++events) {
    b.at(QUILLGEN_INT_STATE) = events;
    const auto expected = events & failed    ? QUILLGEN_FAILED
                          : events & refused ? QUILLGEN_REFUSED
                          : events & step    ? QUILLGEN_STEP
                          : events & done    ? QUILLGEN_DONE
                                             : QUILLGEN_BUSY;
    CHECK(quillgen_poll(&b.device) == expected);
    CHECK(b.device.events == events);
  }
  CHECK(b.writes.empty());
}

TEST_CASE("a wait ends with its outcome, when nobody wants to wait, or after as many looks as are allowed") {
  Board b;
  for (const std::uint32_t looks : {1, 2, 7}) {
    b.reads = b.idles = 0;
    CHECK(quillgen_wait(&b.device, looks) == QUILLGEN_BUSY);
    CHECK(b.reads == static_cast<int>(looks));
    CHECK(b.idles == static_cast<int>(looks) - 1);
  }
  b.idles = 0;
  b.idle = [&] { return b.idles < 5; };
  CHECK(quillgen_wait(&b.device, 0) == QUILLGEN_BUSY);
  CHECK(b.idles == 5);
  b.idles = 0;
  b.idle = [&] { return b.at(QUILLGEN_INT_STATE) = b.idles == 300 ? step : 0, true; };
  CHECK(quillgen_wait(&b.device, 0) == QUILLGEN_STEP);
  CHECK(b.idles == 300);
  CHECK(b.writes.empty());
}

TEST_CASE("a wait by interrupt: enabled before each look, masked by the service routine, off at the end") {
  Board b;
  b.device.interrupts = true;
  CHECK(!quillgen_interrupt(&b.device));
  b.idle = [&] {
    CHECK(b.at(QUILLGEN_INT_ENABLE) == (done | failed | refused | step));
    CHECK(!quillgen_interrupt(&b.device));
    CHECK(b.at(QUILLGEN_INT_ENABLE) != 0);
    if (b.idles == 2) {
      b.at(QUILLGEN_INT_STATE) = done;
      CHECK(quillgen_interrupt(&b.device));
      CHECK(b.at(QUILLGEN_INT_ENABLE) == 0);
      CHECK(!quillgen_interrupt(&b.device));
      b.at(QUILLGEN_INT_STATE) = 0;  // a false alarm
    }
    if (b.idles == 3) b.at(QUILLGEN_INT_STATE) = failed;
    return true;
  };
  CHECK(quillgen_wait(&b.device, 0) == QUILLGEN_FAILED);
  CHECK(b.idles == 3);
  CHECK(b.at(QUILLGEN_INT_ENABLE) == 0);
  CHECK(b.at(QUILLGEN_INT_STATE) == failed);
}

TEST_CASE("a report is that of the job that was seen to end; what comes meanwhile stays") {
  Board b;
  b.at(QUILLGEN_JOB_ID) = 77;
  b.at(QUILLGEN_INT_STATE) = done;
  CHECK(quillgen_poll(&b.device) == QUILLGEN_DONE);
  b.at(QUILLGEN_INT_STATE) |= failed, b.at(QUILLGEN_ERROR) = 5, b.at(QUILLGEN_ERROR_DETAIL) = 0x21;  // the next one
  auto report = quillgen_finish(&b.device);
  CHECK(report.error == 0);
  CHECK(report.detail == 0);
  CHECK(report.job_id == 77);
  CHECK(quillgen_poll(&b.device) == QUILLGEN_FAILED);
  b.at(QUILLGEN_INT_STATE) |= step | refused;
  CHECK(quillgen_poll(&b.device) == QUILLGEN_FAILED);
  b.before_read = [&](std::uint32_t) { CHECK((b.at(QUILLGEN_INT_STATE) & failed) != 0); };  // holds up the next job
  report = quillgen_finish(&b.device);
  b.before_read = [](std::uint32_t) {};
  CHECK(report.error == 5);
  CHECK(report.detail == 0x21);
  CHECK(report.job_id == 77);
  CHECK(quillgen_poll(&b.device) == QUILLGEN_REFUSED);
  quillgen_acknowledge(&b.device, refused);
  CHECK(quillgen_poll(&b.device) == QUILLGEN_BUSY);
}

TEST_CASE("quarantine, and what counts as quiet") {
  Board b;
  const std::uint32_t empty = QUILLGEN_STATUS_QUEUE_EMPTY_MASK;
  for (const std::uint32_t status :
       {0U, empty, empty | QUILLGEN_STATUS_QUARANTINED_MASK, empty | QUILLGEN_STATUS_BUSY_MASK,
        empty | QUILLGEN_STATUS_WAITING_MASK, empty | QUILLGEN_STATUS_DONE_MASK | QUILLGEN_STATUS_FAILED_MASK}) {
    CAPTURE(status);
    b.at(QUILLGEN_STATUS) = status;
    CHECK(quillgen_quarantined(&b.device) == ((status & QUILLGEN_STATUS_QUARANTINED_MASK) != 0));
    const bool quiet = (status & ~(QUILLGEN_STATUS_DONE_MASK | QUILLGEN_STATUS_FAILED_MASK)) == empty;
    CHECK(quillgen_wait_quiet(&b.device, 3) == (quiet ? QUILLGEN_DONE : QUILLGEN_BUSY));
  }
  b.at(QUILLGEN_STATUS) = 0, b.idles = 0;
  b.idle = [&] { return b.at(QUILLGEN_STATUS) = b.idles == 9 ? empty : 0, true; };
  CHECK(quillgen_wait_quiet(&b.device, 0) == QUILLGEN_DONE);
  CHECK(b.idles == 9);
}

TEST_CASE("counters of one copy, however late a job ends while they are read") {
  const auto copy = [](Board& b, std::uint32_t which) {
    for (std::uint32_t i = 0; i < QUILLGEN_COUNTERS; ++i) b.at(QUILLGEN_COUNT_CYCLES + 4 * i) = 1000 * which + i;
  };
  for (int at = 0; at < 120; ++at) {
    Board b;
    copy(b, 1);
    b.before_read = [&](std::uint32_t) {
      if (b.reads == at) copy(b, 2);
    };
    quillgen_counters c{};
    CHECK(quillgen_read_counters(&b.device, &c));
    const auto which = c.value[0] / 1000;
    CHECK((which == 1 || which == 2));
    for (std::uint32_t i = 0; i < QUILLGEN_COUNTERS; ++i) CHECK(c.value[i] == 1000 * which + i);
  }
  Board b;  // all of them 0, then one that never stands still
  quillgen_counters c{};
  CHECK(quillgen_read_counters(&b.device, &c));
  b.before_read = [&](std::uint32_t) { ++b.at(QUILLGEN_COUNT_CYCLES); };
  CHECK(!quillgen_read_counters(&b.device, &c));
}

TEST_CASE("texts are those of the register description") {
  CHECK(accel::counter_names.size() == QUILLGEN_COUNTERS);
  for (std::uint32_t i = 0; i < QUILLGEN_COUNTERS; ++i)
    CHECK(accel::counter_names[i] == std::string(quillgen_counter_name(i)));
  CHECK(quillgen_counter_name(QUILLGEN_COUNTER(LINE_HITS)) == std::string("line_hits"));
  CHECK(quillgen_counter_name(QUILLGEN_COUNTERS) == std::string());
  for (const auto& e : accel::error_texts()) {
    const auto code = static_cast<std::uint32_t>(e.code);
    CHECK(quillgen_error_name(code) == e.name);
    CHECK(quillgen_error_text(code) == e.text);
    CHECK(quillgen_error_detail_text(code) == e.detail);
  }
  for (const std::uint32_t code : {std::uint32_t{QUILLGEN_ERRORS}, 0xFFFFFFFFU}) {
    CHECK(quillgen_error_name(code) == std::string("unknown"));
    CHECK(quillgen_error_text(code) == std::string("no code of this version"));
    CHECK(quillgen_error_detail_text(code) == std::string());
  }
  CHECK(QUILLGEN_FIELD(0x22020004U, CAP_DIMS_HEADS) == 2);
}
