// An AXI4 slave with timing: latency, stalls, reordering between IDs, faults. It serves a MemoryMap and checks the
// master.
//
// A cycle is: outputs() before the edge, then clock() with what the master drove. What the slave drives never depends
// on what the master drives in the same cycle.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "dram/dram.hpp"
#include "harness/axi.hpp"
#include "harness/axi_checker.hpp"
#include "harness/memory_map.hpp"
#include "harness/stall.hpp"

namespace quillgen::harness {

/// Answers one burst with an error, counting accepted bursts of that kind from 0.
struct AxiFault {
  std::uint64_t burst = 0;
  std::uint32_t response = axi_slverr;
  std::optional<std::uint32_t> beat = std::nullopt;  ///< of a read: only this beat, or the last if there are fewer
};

struct AxiOptions {
  int data_bytes = 8;
  int latency = 1;  ///< cycles from the AR handshake to the first R beat, and from the last W beat to B, at least 1
  int stall_percent = 0;     ///< chance per cycle that a channel withholds its valid or ready; each channel by itself
  int reorder_percent = 25;  ///< chance per beat to go on with any ID that is due; 0: in the order of the requests
  std::uint64_t seed = 1;
  std::optional<AxiFault> read_fault, write_fault;
  std::shared_ptr<const DramTiming> dram =
      nullptr;               ///< when given, tells when reads and writes are answered, not `latency`
  int response_latency = 0;  ///< when above `latency`: the cycles from the last W beat to B
  int first_id_latency = 0;  ///< .. from the AR handshake of ID 0 to its first R beat
};

inline constexpr int max_axi_ids = 64;  ///< of reads

/// What was seen of reads and writes.
struct AxiTraffic {
  std::uint64_t overtaking = 0;   ///< R beats of a burst that was requested after another one, still unfinished
  std::uint64_t interleaved = 0;  ///< R beats that came while a burst of another ID had begun and not ended
  std::uint64_t highest_address = 0;
  std::array<int, max_axi_ids> most_open{};  ///< per ID: reads requested and not finished
  int most_open_writes = 0;                  ///< requested and not answered
  std::uint64_t strays = 0;                  ///< responses to nothing, see set_strays
};

class AxiMemory {
 public:
  static constexpr int max_ids = max_axi_ids;

  AxiMemory(MemoryMap& map, const AxiOptions& options);

  /// What the slave drives in this cycle. While valid is 0 the payload is noise.
  const AxiSlaveSide& outputs() const { return out_; }
  /// The rising edge at the end of the cycle.
  void clock(const AxiMasterSide& in);

  /// Answers the n-th burst from now with an error, in place of the faults set before.
  void set_faults(std::optional<AxiFault> read, std::optional<AxiFault> write);

  /// While silent, nothing is accepted and nothing answered; what is on offer stays on offer.
  void set_silent(bool silent) { silent_ = silent; }
  /// While full, no write is accepted; reads go on.
  void set_full(bool full) { full_ = full; }
  /// In so many cycles of 100 in which nothing is due, answers what nobody asked for: a read beat of an ID below `ids`
  /// that has none open, a write response of one that has none to come.
  void set_strays(int percent, int ids) { stray_percent_ = percent, stray_ids_ = ids; }
  /// Forgets all bursts, as a memory does that is reset with its master.
  void reset();

  /// True if any handshake took place at the last edge.
  bool moved() const { return moved_; }
  /// True if every burst has been answered.
  bool idle() const;
  const Breaches& breaches() const { return breaches_; }
  std::uint64_t cycle() const { return cycle_; }
  /// Bytes of R beats delivered for this read ID, and of W beats taken.
  std::uint64_t bytes_read(int id) const { return bytes_read_[id]; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t bursts_read() const { return bursts_read_; }
  std::uint64_t bursts_written() const { return bursts_written_; }
  /// Since the begin or restart_traffic().
  const AxiTraffic& traffic() const { return traffic_; }
  /// The same; all 0 without a DRAM.
  DramCounts dram_counts() const { return dram_ ? dram_->counts() : DramCounts{}; }
  void restart_traffic();

 private:
  struct Burst {
    AxiAddress address;
    std::uint32_t beat = 0;                     ///< next one
    std::uint64_t due = 0;                      ///< first cycle in which a beat may be driven
    std::vector<std::uint64_t> beats_due = {};  ///< and each of its beats; empty: all from `due` on
    std::uint32_t response = axi_okay;
    std::optional<std::uint32_t> faulty_beat = std::nullopt;  ///< only this beat has the response

    /// Whether its next beat, or its response, may be driven.
    bool is_due(std::uint64_t cycle) const { return (beats_due.empty() ? due : beats_due[beat]) <= cycle; }
  };

  std::uint32_t accept(const char* channel, const AxiAddress& address, IdMask Region::*ids);
  void check_complete(const AxiAddress& address, const Region& region);
  void take_read(const AxiAddress& address);
  void take_write(const AxiAddress& address);
  void take_data();
  void store(const AxiWriteBeat& beat, const Burst& burst);
  void deliver(int id);
  void prepare();
  void prepare_read();
  void prepare_response();
  template <typename Queues>
  int choose_stray(const Queues& queues);
  template <typename Queues>
  int choose(const Queues& queues, int current, bool in_burst);

  MemoryMap& map_;
  AxiOptions options_;
  Breaches breaches_;
  AxiChecker checker_;
  std::optional<Dram> dram_;
  Chance ar_chance_, r_chance_, aw_chance_, w_chance_, b_chance_, order_, noise_;
  AxiSlaveSide out_;
  std::uint64_t cycle_ = 0;
  bool moved_ = false, silent_ = false, full_ = false;
  int stray_percent_ = 0, stray_ids_ = 0;
  bool stray_read_ = false, stray_response_ = false;  ///< what is on offer is one
  std::array<std::deque<Burst>, max_ids> reads_;      ///< per ID, oldest first
  std::deque<Burst> writes_;                          ///< whose data have not all come, in order of AW
  std::deque<AxiWriteBeat> data_;                     ///< that came before their AW
  std::array<std::deque<Burst>, max_ids> responses_;  ///< writes waiting for B, per ID
  int read_id_ = 0;                                   ///< of the beat on offer or the last one
  std::array<std::uint64_t, max_ids> bytes_read_{};
  std::uint64_t bytes_written_ = 0, bursts_read_ = 0, bursts_written_ = 0;
  AxiTraffic traffic_;
};

}  // namespace quillgen::harness
