// What is printed from templates/ does what its netlist does: FIFOs and burst readers of many parameters and every
// style of reset, the netlist in the interpreter, the text in Verilator and Icarus, in every cycle alike.
#include <fmt/core.h>

#include <array>

#include "accel/blocks.hpp"
#include "config/load.hpp"
#include "fuzz/batch.hpp"
#include "harness/files.hpp"
#include "lib/fifo.hpp"

using namespace quillgen;
using namespace quillgen::hdl;

namespace {

constexpr int half_of_mood = 8;  // bit of the counter of cycles: for so many cycles a buffer fills, then it drains

struct Buffer {
  const Module& (*build)(Design&, int width, int depth);
  const char* name;
  int width, depth;
};

constexpr std::array buffers = {Buffer{lib::build_fifo, "fifo", 8, 1},
                                Buffer{lib::build_fifo, "fifo", 1, 2},
                                Buffer{lib::build_fifo, "fifo", 7, 3},
                                Buffer{lib::build_fifo, "fifo", 64, 4},
                                Buffer{lib::build_fifo, "fifo", 65, 5},
                                Buffer{lib::build_fifo, "fifo", 33, 7},
                                Buffer{lib::build_fifo, "fifo", 2, 8},
                                Buffer{lib::build_fifo, "fifo", 200, 16},
                                Buffer{lib::build_fifo, "fifo", 5, 17},
                                Buffer{lib::build_fifo, "fifo", 12, 64},
                                Buffer{lib::build_sram_fifo, "sram_fifo", 8, 2},
                                Buffer{lib::build_sram_fifo, "sram_fifo", 1, 4},
                                Buffer{lib::build_sram_fifo, "sram_fifo", 65, 8},
                                Buffer{lib::build_sram_fifo, "sram_fifo", 19, 64}};

struct Reader {
  int address_bits, data_bits, beat_bits, depth;
};

constexpr std::array readers = {Reader{40, 64, 2, 32}, Reader{32, 64, 32, 64}, Reader{40, 128, 5, 32},
                                Reader{64, 256, 16, 128}, Reader{40, 512, 6, 64}};

// 1 in one half of the time, and in the other when a random number says so.
Bool lively(const Bool& offer, const Bool& always, const UInt& dice) { return offer & (always | (dice == 0)); }

struct Mood {
  Bool filling;
  UInt dice;
  explicit Mood(Module& m) {
    auto cycle = reg(m, "cycle", UInt(half_of_mood + 1), 0);
    cycle.next((cycle + 1).wrap(half_of_mood + 1));
    filling = ~cycle.bit(half_of_mood);
    dice = input(m, "dice", UInt(3));
  }
};

// A payload that nobody offers is not compared.
UInt offered(const Bool& valid, const UInt& data) {
  return mux(valid, data, UInt::constant(data.module(), 0, 1).resize(data.width()));
}

void use_buffer(Design& d, Module& m, const Buffer& b) {
  const Mood mood(m);
  Instance u(m, "buffer", b.build(d, b.width, b.depth));
  u.in("in_valid", lively(input(m, "offer", Bool()), mood.filling, mood.dice));
  u.in("in_data", input(m, "word", UInt(b.width)));
  u.in("out_ready", lively(input(m, "take", Bool()), ~mood.filling, mood.dice));
  output(m, "ready", u.out("in_ready", Bool()));
  output(m, "valid", u.out("out_valid", Bool()));
  output(m, "data", offered(u.out("out_valid", Bool()), u.out("out_data", UInt(b.width))));
}

void use_reader(Design& d, Module& m, const Reader& r, const std::string& name) {
  const std::vector<std::string> set = {fmt::format("memory.address_bits={}", r.address_bits),
                                        fmt::format("memory.data_bits={}", r.data_bits)};
  const accel::Shapes s(load_preset("small", set));
  const Mood mood(m);
  Instance u(m, "reader", accel::build_burst_reader(d, s, name, r.beat_bits, r.depth));
  u.in("request_valid", input(m, "offer", Bool()));
  u.in("request_address", input(m, "address", UInt(r.address_bits)));
  // Mostly short runs, so that there are many.
  const UInt beats = input(m, "beats", UInt(r.beat_bits));
  u.in("request_beats", mux(mood.dice == 0, beats, beats & UInt::constant(m, 63, 6).resize(r.beat_bits)));
  const Bool grant = input(m, "grant", Bool());
  u.in("burst_ready", grant);
  u.in("beat_ready", lively(input(m, "take", Bool()), ~mood.filling, mood.dice));
  const Bool burst = u.out("burst_valid", Bool()), beat = u.out("beat_valid", Bool());
  const UInt length = u.out("burst_length", UInt(8));
  // The memory answers what was asked for.
  auto owed = reg(m, "owed", UInt(12), 0);
  const Bool answer = input(m, "answer", Bool()) & (owed != 0);
  const UInt asked = mux(burst & grant, (length + 1).resize(12), UInt::constant(m, 0, 12));
  owed.next((owed + asked - answer.as_uint().extend(13)).as_uint().wrap(12));
  u.in("data", input(m, "word", UInt(r.data_bits)));
  u.in("data_valid", answer);
  output(m, "ready", u.out("request_ready", Bool()));
  output(m, "burst", burst), output(m, "beat", beat);
  output(m, "burst_address", offered(burst, u.out("burst_address", UInt(r.address_bits))));
  output(m, "burst_length", offered(burst, length));
  output(m, "data", offered(beat, u.out("beat", UInt(r.data_bits))));
}

// Three seeds in a row, a style of reset each, have the same parameters.
const Module& build(Design& d, std::uint64_t seed) {
  const std::size_t i = static_cast<std::size_t>(seed) / 3;
  return d.module(fmt::format("use_{}", seed), [&](Module& m) {
    if (i < buffers.size()) use_buffer(d, m, buffers[i]);
    else use_reader(d, m, readers[i - buffers.size()], fmt::format("reader_{}", i));
  });
}

}  // namespace

int main() {
  try {
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t seed = 0; seed < 3 * (buffers.size() + readers.size()); ++seed) seeds.push_back(seed);
    const fuzz::Batch batch(seeds, {.cycles = 3000, .reset_every = 700}, build);
    const harness::TemporaryFolder folder(std::filesystem::temp_directory_path());
    batch.write(folder.path());
    auto problems = batch.lint(folder.path(), true);
    for (const auto& found : {batch.run_verilator(folder.path()), batch.run_icarus(folder.path())})
      problems.insert(problems.end(), found.begin(), found.end());
    for (const auto& p : problems) fmt::print(stderr, "{}\n", p);
    fmt::print("{} FIFOs and {} burst readers, each with 3 styles of reset: {} output bits compared, {} problems\n",
               buffers.size(), readers.size(), batch.values(), problems.size());
    return problems.empty() ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
