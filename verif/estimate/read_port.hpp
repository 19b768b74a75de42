// The read channels: clients that ask for bursts, the port that takes turns between them, and the memory behind it.
#pragma once
#include <vector>

#include "estimate/clock.hpp"
#include "estimate/memory.hpp"
#include "synthetic/random.hpp"

namespace quillgen::estimate {

/// One that reads from memory.
class ReadClient {
 public:
  virtual ~ReadClient() = default;
  /// Its burst was taken; the number of beats. It sets ask_at for the next one.
  virtual int granted() = 0;
  /// A beat has come.
  virtual void beat() = 0;

  /// What samples wait for goes before what is brought ahead; all others take turns with both.
  enum class Kind { other, demand, ahead };
  Kind kind = Kind::other;
  Cycle ask_at = never;  ///< from when on it asks for a burst
  /// Of that burst, bytes from the begin of what the client reads; only looked at with a DRAM.
  virtual std::uint64_t address() const { return 0; }
  std::int64_t beats = 0;  ///< that have come
};

/// One burst is asked for a cycle, clients in turn; one beat comes a cycle, the first one of a burst `latency` cycles
/// after its address, or each beat when the DRAM has it. Bursts of a client come in the order of the requests; those of
/// different ones too, but one beat in mixed_beats, drawn, is of any that is due, as with the memory of the harness.
class ReadPort {
 public:
  ReadPort(Clock& clock, Memory& memory, std::vector<ReadClient*> clients)
      : clock_(clock), memory_(memory), clients_(std::move(clients)), bursts_(clients_.size()) {}
  void tick();
  std::int64_t busy() const { return busy_; }  ///< cycles with a beat

 private:
  static constexpr int mixed_beats = 4;
  struct Burst {
    int beats;
    Cycle due;                     ///< of its next beat
    std::vector<Cycle> beats_due;  ///< of a DRAM: of each
  };
  void answer();
  Clock& clock_;
  Memory& memory_;
  std::vector<ReadClient*> clients_;
  std::vector<Queue<Burst>> bursts_;  ///< by client
  bool in_burst_ = false;
  std::size_t answered_ = 0, served_ = 0;  ///< client of the last beat; .. of the last burst that was asked for
  synthetic::Random order_{1};             ///< of beats that can be of several clients
  std::int64_t busy_ = 0;
};

/// Reads runs of beats as bursts of up to 16 that do not cross 4 KiB, as far ahead as its buffer has room for.
class BurstReader final : public ReadClient {
 public:
  BurstReader(Clock& clock, int beat_bytes, int buffer_beats)
      : clock_(clock),
        beat_bytes_(beat_bytes),
        page_beats_(4096 / beat_bytes),
        buffer_(buffer_beats),
        position_(base_alignment / beat_bytes) {}
  /// Whether it takes a request now: one run is in work at a time.
  bool accepts() { return remaining_ == 0 && clock_.due(idle_); }
  /// `row`: which of the rows of so many beats it is, if they are not read one after the other.
  void request(std::int64_t beats, std::int64_t row = -1);
  int granted() override;
  std::uint64_t address() const override { return address_; }
  void beat() override { arrived_.push(clock_.now() + sram_fifo_delay); }
  /// Whether a beat can be taken now.
  bool ready() { return !arrived_.empty() && clock_.due(arrived_.front()); }
  void take();

 private:
  void size();
  void ask();

  Clock& clock_;
  int beat_bytes_, page_beats_, buffer_;
  std::uint64_t address_ = 0;
  std::int64_t position_, remaining_ = 0;  ///< beats: in memory, as if runs lay side by side; of the run
  int length_ = 0, reserved_ = 0;
  Cycle sized_ = never, idle_ = 0;
  Queue<Cycle> arrived_;  ///< when each beat is at the output
};

}  // namespace quillgen::estimate
