// Timing of a DRAM behind the memory port: banks, rows, refresh, one data bus. It holds no data.
//
// The controller is simple, and stated: accesses are served in the order in which they come, rows stay open until
// another one of the bank is wanted or the banks are refreshed, and the banks of the next accesses are prepared while
// the data bus is busy.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace quillgen {

/// Picoseconds.
using Picoseconds = std::int64_t;

/// A part and its controller. An access is one burst: burst_length x data_bits, aligned.
struct DramTiming {
  std::string name;                       ///< as the user gave it
  double clock_mhz = 0;                   ///< of the accelerator, in whose cycles everything is told
  double data_rate_mts = 0;               ///< transfers on the data bus, million a second
  int data_bits = 0;                      ///< of the bus
  int burst_length = 0;                   ///< transfers of an access
  int banks = 0, row_bytes = 0;           ///< powers of two; neighbouring rows lie in neighbouring banks
  int lookahead = 0;                      ///< accesses after the one at its column command whose banks may be prepared
  Picoseconds controller = 0;             ///< from the port to the first command
  Picoseconds activate_to_column = 0;     ///< tRCD
  Picoseconds precharge = 0;              ///< tRP: precharge to activate
  Picoseconds activate_to_precharge = 0;  ///< tRAS
  Picoseconds read_latency = 0, write_latency = 0;  ///< CL, CWL: column command to first data
  Picoseconds activate_to_activate = 0;             ///< tRRD, of two banks
  Picoseconds four_activates = 0;                   ///< tFAW: no more than four in this time
  Picoseconds read_to_precharge = 0;                ///< tRTP, from the column command
  Picoseconds write_recovery = 0;                   ///< tWR: last data to precharge
  Picoseconds write_to_read = 0;                    ///< tWTR: last data written to column command of a read
  Picoseconds read_to_write = 0;                    ///< tRTW: last data read to first data written
  Picoseconds refresh_interval = 0;                 ///< tREFI; 0: no refresh
  Picoseconds refresh = 0;                          ///< tRFC

  std::uint64_t access_bytes() const {
    return static_cast<std::uint64_t>(burst_length) * static_cast<std::uint64_t>(data_bits) / 8;
  }
  Picoseconds access_time() const;  ///< on the data bus
  Picoseconds clock_period() const;
  /// An access takes no longer, once those before it are done.
  Picoseconds slowest() const;
};

struct DramCounts {
  std::uint64_t hits = 0;       ///< accesses whose row was open
  std::uint64_t misses = 0;     ///< whose bank had no row open
  std::uint64_t conflicts = 0;  ///< whose bank had another row open
  std::uint64_t refreshes = 0;
  Picoseconds bus_busy = 0;  ///< time with data on the bus
};

class Dram {
 public:
  explicit Dram(const DramTiming& timing)
      : timing_(timing), banks_(static_cast<std::size_t>(timing.banks)), next_refresh_(timing.refresh_interval) {}

  /// A burst of `beats` beats of `beat_bytes` from `address`, its address taken in `cycle`: the first cycle in which
  /// each beat may be on the port. Cycles never decrease from call to call.
  std::vector<std::uint64_t> read(std::uint64_t cycle, std::uint64_t address, std::uint32_t beats, int beat_bytes);
  /// A burst whose last data came in `cycle`: the first cycle in which it may be answered, its data being in the
  /// memory.
  std::uint64_t write(std::uint64_t cycle, std::uint64_t address, std::uint32_t beats, int beat_bytes);

  const DramTiming& timing() const { return timing_; }
  const DramCounts& counts() const { return counts_; }
  void restart_counts() { counts_ = {}; }

 private:
  struct Bank {
    std::int64_t row = -1;  ///< that is open
    Picoseconds can_activate = 0, can_access = 0, can_precharge = 0;
  };

  Picoseconds access(Picoseconds arrived, std::uint64_t number, bool write);
  Picoseconds activate_time(Picoseconds earliest) const;
  Picoseconds column_time(Picoseconds earliest, bool write) const;
  void refresh();
  Picoseconds time_of(std::uint64_t cycle) const;
  std::uint64_t cycle_of(Picoseconds time) const;

  DramTiming timing_;
  std::vector<Bank> banks_;
  Picoseconds next_refresh_;
  std::deque<Picoseconds> activates_;  ///< the last four
  std::deque<Picoseconds> columns_;    ///< column commands of the last `lookahead` accesses
  Picoseconds bus_free_ = 0;           ///< end of the last data
  bool last_was_write_ = false;
  DramCounts counts_;
};

}  // namespace quillgen
