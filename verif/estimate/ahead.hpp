// Of a program: descriptor and first panel of the next job, read by the job reader when a job has all that it needs.
#pragma once
#include "estimate/lead.hpp"
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

class Ahead {
 public:
  /// check: cycles from the last beat of a descriptor to its verdict. latency: of memory.
  Ahead(Clock& clock, BurstReader& reader, int check, int latency, const NextLoads& next)
      : clock_(clock), reader_(reader), check_(check), latency_(latency), next_(next) {}
  bool wanted() const { return next_.descriptor > 0; }
  void tick();
  Lead lead() const;

 private:
  enum class Stage { idle, descriptor, check, ask, panel, done };
  bool take();

  Clock& clock_;
  BurstReader& reader_;
  int check_, latency_;
  NextLoads next_;
  Stage stage_ = Stage::idle;
  std::int64_t left_ = 0;  ///< beats of what is read
  Cycle due_ = 0;
};

}  // namespace quillgen::estimate
