// Independent pieces of work on several threads.
#pragma once
#include <cstddef>
#include <functional>

namespace quillgen::explore {

/// CPUs this process may use: on a cluster often fewer than the machine has.
int usable_cpus();

/// Calls work(0) .. work(count - 1), at most `jobs` at a time, and progress(number done) on the calling thread now and
/// then. Throws the first exception of `work`, and harness::Interrupted after Ctrl-C, when the pieces in hand are done.
void for_each(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
              const std::function<void(std::size_t)>& progress);

}  // namespace quillgen::explore
