// Memory or threads run out at each point where they can: an error comes out, nothing is lost, the next attempt works.
#include <new>

#include "faults.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

struct Held {
    long long buffers = buffer_bytes(), blocks = heap_blocks();
};

// Runs `work` with the first attempt failing, then the second, until none is left to fail. Returns how many there were.
template <class Work, class After>
long each_fault(Fault kind, Work work, After after) {
    for (long index = 0;; index++) {
        bool out_of_memory = false;
        std::string other;
        arm(kind, index);
        try {
            work();
        } catch (const Error & error) {
            out_of_memory = std::strcmp(error.code(), "OUT_OF_MEMORY") == 0;
            if (!out_of_memory) other = error.what();
        } catch (const std::bad_alloc &) {
            // Only from the heap: the binding gives it the same code.
            out_of_memory = kind == Fault::Heap;
        }
        const bool happened = disarm();
        if (!other.empty()) throw Failure{other};
        CHECK_IN(out_of_memory == happened, "fault " + std::to_string(index));
        if (!happened) return index;
        after();
    }
}

Request request() {
    Random random(60);
    Request r;
    for (const int length : {3, 40, 70}) r.sequences.push_back(random_tokens(random, length, 50));
    r.ranges = {{0, 3}, {3, 20}, {3, 43}, {43, 113}, {50, 113}};
    return r;
}

void check_load(Fault kind, int threads, long least) {
    const Model model;
    const Request r = request();
    const Result expected = run(*load(model.description, threads), r);
    const Held before;
    const long faults = each_fault(
        kind, [&] { load(model.description, threads); },
        [&] {
            CHECK_EQUAL(buffer_bytes(), before.buffers);
            CHECK(heap_blocks() <= before.blocks);
            CHECK(same_bits(run(*load(model.description, threads), r).values, expected.values));
        });
    CHECK(faults >= least);
}

void check_run(Fault kind, long least) {
    const Model model;
    for (const Representation representation : {Representation::Hidden, Representation::Logits, Representation::Next}) {
        for (const Pooling pooling : {Pooling::Last, Pooling::Mean, Pooling::Max}) {
            Request r = request();
            r.representation = representation;
            r.pooling = pooling;
            r.top = 5;
            const Result expected = run(*load(model.description, 3), r);
            const Held before;
            const long faults = each_fault(
                kind,
                [&] {
                    const auto executor = load(model.description, 3);
                    Result result;
                    const Batch batch = make_batch(r, model.h(), result);
                    executor->run(batch, kNotCancelled);
                },
                [&] {
                    CHECK_EQUAL(buffer_bytes(), before.buffers);
                    CHECK(heap_blocks() <= before.blocks);
                });
            CHECK(faults >= least);
            CHECK(same_bits(run(*load(model.description, 3), r).values, expected.values));
        }
    }
}

// An executor that ran out of memory in a pass does the next pass.
void check_recovery(Fault kind, long least) {
    const Model model;
    const auto executor = load(model.description, 3);
    Request r = request();
    r.representation = Representation::Next;
    r.top = 5;
    const Result expected = run(*load(model.description, 3), r);
    Result result;
    const Batch batch = make_batch(r, model.h(), result);
    const long faults = each_fault(
        kind, [&] { executor->run(batch, kNotCancelled); },
        [&] {
            const Result next = run(*executor, r);
            CHECK(same_bits(next.values, expected.values) && next.ids == expected.ids);
        });
    CHECK(faults >= least);
}

}  // namespace

TEST("out of memory: each buffer of a load") { check_load(Fault::Buffer, 3, 3); }
TEST("out of memory: each allocation on the heap in a load") { check_load(Fault::Heap, 3, 20); }
TEST("out of memory: each thread of a pool") {
    for (const int threads : {2, 3, 8}) check_load(Fault::Thread, threads, threads - 1);
}
TEST("out of memory: each buffer of a load and its first pass") { check_run(Fault::Buffer, 4); }
TEST("out of memory: each allocation on the heap in a load and a pass") { check_run(Fault::Heap, 30); }
TEST("out of memory: each buffer of a later pass") { check_recovery(Fault::Buffer, 2); }
TEST("out of memory: each allocation on the heap in a later pass") { check_recovery(Fault::Heap, 10); }

TEST("out of memory: sizes that no machine has") {
    CHECK_THROWS("OUT_OF_MEMORY", "for a test", Buffer(size_t(1) << 60, "a test"));
    const Buffer empty(0, "nothing");
    CHECK(empty.data() == nullptr);
}
