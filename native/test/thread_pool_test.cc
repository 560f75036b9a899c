// Every task once, and never a hang; run under the thread sanitizer too.
#include "../engine/thread_pool.h"

#include <chrono>

#include "test.h"

#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace clmbr;
using namespace clmbr::test;

namespace {

const std::atomic<bool> never{false};

// Longer than the threads spin, so that they sleep.
void let_threads_sleep() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

// Runs `count` tasks and checks that each ran once, by a worker that exists. The counters are plain integers: the thread
// sanitizer sees whether what tasks write is visible to the caller.
void check_round(ThreadPool & pool, std::vector<int> & counters, int count) {
    std::fill(counters.begin(), counters.end(), 0);
    std::atomic<bool> known{true};
    const auto task = [&](int index, int worker) {
        if (worker < 0 || worker >= pool.threads()) known = false;
        counters[static_cast<size_t>(index)]++;
    };
    pool.run(count, task, never);
    CHECK(known);
    for (int i = 0; i < count; i++) CHECK_EQUAL(counters[static_cast<size_t>(i)], 1);
}

}  // namespace

TEST("pool: every task runs once, with 1 to 8 threads, over many rounds") {
    for (int threads = 1; threads <= 8; threads++) {
        ThreadPool pool(threads);
        CHECK_EQUAL(pool.threads(), threads);
        std::vector<int> counters(1000);
        for (int round = 0; round < 150; round++)
            for (const int count : {0, 1, 2, 3, threads, 1000}) check_round(pool, counters, count);
    }
}

TEST("pool: rounds back to back never mix their tasks") {
    for (const int threads : {2, 3, 8}) {
        ThreadPool pool(threads);
        std::vector<int> counters(5);
        for (int round = 0; round < 5000; round++) check_round(pool, counters, 2 + round % 4);
    }
}

TEST("pool: threads that went to sleep wake up") {
    ThreadPool pool(4);
    std::vector<int> counters(64);
    for (int round = 0; round < 10; round++) {
        let_threads_sleep();
        check_round(pool, counters, 64);
    }
}

TEST("pool: more tasks than a round can count") {
    const int limit = 1 << 19;
    std::vector<int> counters(static_cast<size_t>(2 * limit + 7));
    for (const int threads : {1, 3}) {
        ThreadPool pool(threads);
        for (const int count : {limit - 1, limit, limit + 1, 2 * limit + 7}) check_round(pool, counters, count);
    }
}

TEST("pool: a cancelled run skips the tasks that have not begun") {
    for (int threads = 1; threads <= 4; threads++) {
        ThreadPool pool(threads);
        for (const int count : {1, 2, 1000, (1 << 19) + 1000}) {
            std::atomic<int> started{0};
            std::atomic<bool> cancelled{true};
            pool.run(count, [&](int, int) { started++; }, cancelled);
            CHECK_EQUAL(started.load(), 0);

            // The task that cancels is done; beside it at most one per other thread had begun.
            cancelled = false;
            pool.run(count, [&](int, int) { cancelled = true, started++; }, cancelled);
            CHECK(started >= 1 && started <= threads);

            cancelled = false;
            std::vector<int> counters(1000);
            check_round(pool, counters, 1000);
        }
    }
}

TEST("pool: destroyed at once, busy a moment ago or asleep") {
    for (int round = 0; round < 100; round++) {
        { ThreadPool pool(1 + round % 8); }
        ThreadPool pool(1 + round % 4);
        std::vector<int> counters(8);
        check_round(pool, counters, 8);
        if (round % 20 == 0) let_threads_sleep();
    }
}

#if !defined(_WIN32)

TEST("pool: its threads take no signals, and its caller's mask stays") {
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    ThreadPool pool(2);
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    CHECK_EQUAL(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    std::atomic<int> blocked{-1};
    const auto task = [&](int, int worker) {
        if (worker == 0) return;
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGCHLD) == 1;
    };
    // Which thread gets a task is chance: again until the second one did.
    while (blocked < 0) pool.run(100, task, never);
    CHECK_EQUAL(blocked.load(), 1);
}

TEST("pool: unusable in a forked child, where destroying it does not hang") {
    auto * pool = new ThreadPool(3);
    CHECK(pool->usable());
    // Asleep: destroying what they wait for would wait for them.
    let_threads_sleep();
    const pid_t child = fork();
    if (child == 0) {
        const bool usable = pool->usable();
        alarm(20);  // ends a child that hangs
        delete pool;
        _exit(usable ? 1 : 0);
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
    CHECK(pool->usable());
    delete pool;
}

#endif
