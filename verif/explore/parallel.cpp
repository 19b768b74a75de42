#include "explore/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/interrupt.hpp"

namespace quillgen::explore {
namespace {

/// The state the threads share.
struct Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0, done = 0;
  bool stop = false;
  std::exception_ptr failure;
};

/// Takes pieces until there are none.
void take(Queue& queue, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::unique_lock lock(queue.mutex);
  while (!queue.stop && queue.next < count) {
    const auto piece = queue.next++;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work(piece);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    ++queue.done;
    if (failure && !queue.failure) queue.failure = failure;
    if (failure) queue.stop = true;
    queue.changed.notify_one();
  }
}

}  // namespace

int usable_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

void for_each(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
              const std::function<void(std::size_t)>& progress) {
  Queue queue;
  {
    std::vector<std::jthread> threads;
    const auto most = std::min(count, static_cast<std::size_t>(std::max(jobs, 1)));
    for (std::size_t i = 0; i < most; ++i) threads.emplace_back([&] { take(queue, count, work); });
    std::unique_lock lock(queue.mutex);
    while (queue.done < count && !queue.stop) {
      const auto done = queue.done;
      lock.unlock();
      progress(done);
      lock.lock();
      queue.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return queue.done >= count || queue.stop; });
      if (harness::interrupted()) queue.stop = true;
    }
  }
  if (queue.failure) std::rethrow_exception(queue.failure);
  harness::check_interrupt();
}

}  // namespace quillgen::explore
