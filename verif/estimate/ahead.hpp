// Of a program: descriptor and first panel of the next job, read by the job reader when a job has all that it needs.
#pragma once
#include "estimate/lead.hpp"
#include "estimate/read_port.hpp"

namespace quillgen::estimate {

class Ahead {
 public:
  /// check: cycles from the last beat of a descriptor to its verdict.
  Ahead(Clock& clock, BurstReader& reader, int check, const NextLoads& next)
      : clock_(clock), reader_(reader), check_(check), next_(next) {}
  bool wanted() const { return next_.descriptor > 0; }
  void tick();
  /// The job in work ends now. A descriptor or a panel that is under_way() then goes on until it is not; what that
  /// takes is the lead.
  void end_job();
  bool under_way() const { return stage_ == Stage::descriptor || stage_ == Stage::check || stage_ == Stage::panel; }
  const Lead& lead() const { return lead_; }

 private:
  enum class Stage { idle, descriptor, check, ask, panel, done };
  bool take();

  Clock& clock_;
  BurstReader& reader_;
  int check_;
  NextLoads next_;
  Stage stage_ = Stage::idle;
  std::int64_t left_ = 0;  ///< beats of what is read
  Cycle due_ = 0;
  Cycle job_end_ = never;  ///< of the job in work
  Lead lead_;
};

}  // namespace quillgen::estimate
