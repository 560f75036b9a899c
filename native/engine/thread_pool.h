// Threads of our own for the operators. ggml runs with one thread, whose operators spread their work here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace clmbr {

// A reference to a callable `void(int task, int worker)` that outlives the call it is passed to.
class TaskFunction {
public:
    template <class F>
    TaskFunction(const F & f)
        : object_(&f), call_([](const void * object, int task, int worker) { (*static_cast<const F *>(object))(task, worker); }) {}
    void operator()(int task, int worker) const { call_(object_, task, worker); }

private:
    const void * object_;
    void (*call_)(const void *, int, int);
};

class ThreadPool {
public:
    // `threads` counts the calling thread: threads - 1 are started. Throws Error OUT_OF_MEMORY when that fails.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool &) = delete;

    int threads() const { return static_cast<int>(workers_.size()) + 1; }

    // Runs tasks 0..count-1, each once, on the calling thread (worker 0) and the others, and returns when all are done. Tasks
    // must not throw. When `cancelled` is set meanwhile, tasks that have not begun are skipped. One caller at a time.
    void run(int count, TaskFunction function, const std::atomic<bool> & cancelled);

    // True in the process that started the threads: they do not survive a fork.
    bool usable() const;

private:
    void wake_all();
    void work(int worker);
    void take_tasks(int worker);

    // Generation (24 bits), number of tasks (20) and next task (20) in one word, so that a thread that comes late can never
    // take a task of one round for a task of another.
    std::atomic<uint64_t> word_{0};
    std::atomic<int> done_{0};
    const TaskFunction * function_ = nullptr;
    const std::atomic<bool> * cancelled_ = nullptr;

    // Apart, because a forked child has to leave it behind: destroying a condition variable waits for those who wait for it.
    struct Sleep {
        std::mutex mutex;
        std::condition_variable wake;
    };

    std::vector<std::thread> workers_;
    std::unique_ptr<Sleep> sleep_;
    std::atomic<int> sleepers_{0};
    std::atomic<bool> stop_{false};
    long process_ = 0;
};

}  // namespace clmbr
