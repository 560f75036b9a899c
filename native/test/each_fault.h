// Lets the first attempt of a kind fail, then the second, until none is left to fail.
#pragma once

#include <new>
#include <optional>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "faults.h"
#include "session.h"

namespace clmbr::test {

// What ggml holds when a failure leaves it as an exception is lost: LeakSanitizer overlooks what is asked for while one of these is there.
// Our own blocks are counted.
struct GgmlMayLose {
#if defined(__SANITIZE_ADDRESS__)
    GgmlMayLose() { __lsan_disable(); }
    ~GgmlMayLose() { __lsan_enable(); }
#else
    GgmlMayLose() {}
#endif
};

// What is held at the moment.
struct Held {
    long long buffers = buffer_bytes(), blocks = heap_blocks();
};

// Forgets what the registry of weights remembers of models that are gone, so that blocks can be compared.
inline void forget_gone_weights(const ModelDescription & description) {
    static const std::atomic<bool> cancelled{true};
    ModelDescription other = description;
    other.key += " of nobody";
    ThreadPool pool(1);
    CHECK_THROWS("ABORTED", "", Weights::shared(other, pool, cancelled, kNoProgress));
}

// Runs `work` with each attempt failing in turn; every failure has to come out as `code`, and after() to hold. Returns how many there were.
template <class Work, class After>
long each_fault(Fault kind, const char * code, Work work, After after) {
    std::optional<GgmlMayLose> loses;
    if (kind == Fault::Malloc) loses.emplace();
    for (long index = 0;; index++) {
        bool expected = false;
        std::string other;
        arm(kind, index);
        try {
            work();
        } catch (const Error & error) {
            expected = std::strcmp(error.code(), code) == 0;
            if (!expected) other = std::string(error.code()) + ": " + error.what();
        } catch (const std::bad_alloc &) {
            // Only from the heap: the binding gives it the same code.
            expected = kind == Fault::Heap || kind == Fault::Malloc;
        }
        const bool happened = disarm();
        if (!other.empty()) throw Failure{"fault " + std::to_string(index) + ": " + other};
        CHECK_IN(expected == happened, "fault " + std::to_string(index));
        if (!happened) return index;
        after();
    }
}

// The same, and nothing may stay behind. `description`: of the model that `work` loads.
template <class Work>
long each_fault_is_clean(Fault kind, const char * code, const ModelDescription & description, Work work) {
    work();
    forget_gone_weights(description);
    const Held before;
    return each_fault(kind, code, work, [&] {
        forget_gone_weights(description);
        CHECK_EQUAL(buffer_bytes(), before.buffers);
        CHECK_EQUAL(heap_blocks(), before.blocks);
    });
}

// Prints how many were failed, for whoever wants to know.
void count_faults(const char * what, long faults);

}  // namespace clmbr::test
