#include "thread_pool.h"

#include <string>
#include <system_error>

#include "error.h"
#include "faults.h"

#if defined(_WIN32)
#include <process.h>
#else
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#endif

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace clmbr {
namespace {

constexpr int kTaskBits = 20;
constexpr uint64_t kTaskMask = (uint64_t(1) << kTaskBits) - 1;
constexpr int kMaxTasks = 1 << 19;

// Between two operators a thread stays awake for some tens of microseconds; waking it would take as long.
constexpr int kSpins = 4000;

inline void pause() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

uint64_t generation(uint64_t word) { return word >> (2 * kTaskBits); }

long process_id() {
#if defined(_WIN32)
    return _getpid();
#else
    return getpid();
#endif
}

#if !defined(_WIN32)
// Signals are the host's business: none may be delivered to a thread of the pool.
struct SignalsBlocked {
    sigset_t previous;
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &previous);
    }
    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &previous, nullptr); }
};
#else
struct SignalsBlocked {};
#endif

}  // namespace

ThreadPool::ThreadPool(int threads) : process_(process_id()) {
    try {
        sleep_ = std::make_unique<Sleep>();
        workers_.reserve(static_cast<size_t>(threads > 1 ? threads - 1 : 0));
        [[maybe_unused]] SignalsBlocked blocked;
        for (int i = 1; i < threads; i++) {
            faults::before_thread_start();
            workers_.emplace_back([this, i] { work(i); });
        }
    } catch (const std::exception & error) {
        const size_t started = workers_.size();
        stop_ = true;
        if (started > 0) wake_all();
        for (std::thread & worker : workers_) worker.join();
        throw Error("OUT_OF_MEMORY", "Could start only " + std::to_string(started) + " of " + std::to_string(threads - 1) +
                                         " threads: " + error.what() + ".");
    }
}

ThreadPool::~ThreadPool() {
    if (!usable()) {
        // In a forked child the threads do not exist: there is nothing to join.
        for (std::thread & worker : workers_) worker.detach();
        static_cast<void>(sleep_.release());
        return;
    }
    stop_ = true;
    wake_all();
    for (std::thread & worker : workers_) worker.join();
}

bool ThreadPool::usable() const { return process_ == process_id(); }

void ThreadPool::wake_all() {
    std::lock_guard<std::mutex> lock(sleep_->mutex);
    sleep_->wake.notify_all();
}

void ThreadPool::take_tasks(int worker) {
    for (;;) {
        const uint64_t word = word_.fetch_add(1, std::memory_order_acq_rel);
        const uint64_t next = word & kTaskMask, count = word >> kTaskBits & kTaskMask;
        if (next >= count) return;
        // This round cannot end before this task is counted, so its function and flag stay valid.
        if (!cancelled_->load(std::memory_order_relaxed)) (*function_)(static_cast<int>(next), worker);
        done_.fetch_add(1, std::memory_order_release);
    }
}

void ThreadPool::run(int count, TaskFunction function, const std::atomic<bool> & cancelled) {
    if (count <= 0) return;
    if (workers_.empty() || count == 1) {
        for (int task = 0; task < count; task++)
            if (!cancelled.load(std::memory_order_relaxed)) function(task, 0);
        return;
    }
    if (count > kMaxTasks) {
        const int per_task = (count + kMaxTasks - 1) / kMaxTasks;
        const auto several = [&](int task, int worker) {
            const int end = task * per_task + per_task < count ? task * per_task + per_task : count;
            for (int i = task * per_task; i < end; i++)
                if (!cancelled.load(std::memory_order_relaxed)) function(i, worker);
        };
        return run((count + per_task - 1) / per_task, several, cancelled);
    }
    function_ = &function;
    cancelled_ = &cancelled;
    done_.store(0, std::memory_order_relaxed);
    const uint64_t next = generation(word_.load(std::memory_order_relaxed)) + 1;
    word_.store((next << kTaskBits | static_cast<uint64_t>(count)) << kTaskBits, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) wake_all();
    take_tasks(0);
    for (int spins = 0; done_.load(std::memory_order_acquire) != count; spins++) {
        if (spins < kSpins) pause();
        else std::this_thread::yield();
    }
}

void ThreadPool::work(int worker) {
    uint64_t seen = 0;
    for (;;) {
        int spins = 0;
        while (generation(word_.load(std::memory_order_acquire)) == seen && !stop_.load(std::memory_order_relaxed)) {
            if (spins++ < kSpins) {
                pause();
                continue;
            }
            std::unique_lock<std::mutex> lock(sleep_->mutex);
            sleepers_.fetch_add(1, std::memory_order_seq_cst);
            sleep_->wake.wait(lock, [&] { return generation(word_.load(std::memory_order_seq_cst)) != seen || stop_.load(); });
            sleepers_.fetch_sub(1, std::memory_order_relaxed);
        }
        if (stop_.load(std::memory_order_relaxed)) return;
        seen = generation(word_.load(std::memory_order_acquire));
        take_tasks(worker);
    }
}

}  // namespace clmbr
