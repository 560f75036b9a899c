// Memory or threads run out at each point where they can: an error comes out, nothing is lost, the next attempt works.
#include "../engine/cpu_engine.h"
#include "each_fault.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::WeightType;

namespace {

constexpr const char * kCode = "OUT_OF_MEMORY";

// Models whose loads and passes take different ways through packing and kernels.
struct Variant {
    ModelOptions options;
    Compute compute = Compute::F32;
};

std::vector<Variant> variants() {
    ModelOptions small, permuted, quantised;
    small.context = permuted.context = quantised.context = 200;
    permuted.type = WeightType::BF16;
    permuted.permuted = permuted.tied = true;
    quantised.type = quantised.embedding_type = WeightType::Q8_0;
    return {{small, Compute::F32}, {permuted, Compute::F32}, {quantised, Compute::F32}, {permuted, Compute::Int8}};
}

ModelDescription described(const Model & model, Compute compute) {
    ModelDescription description = model.description;
    description.compute = compute;
    return description;
}

std::unique_ptr<Executor> load_int8_too(const ModelDescription & description, int threads) {
    return load(description, threads, *kernels::select_kernels(nullptr, description.compute == Compute::Int8));
}

std::unique_ptr<CpuEngine> load_engine(const ModelDescription & description, int threads) {
    check_description(description);
    auto pool = std::make_shared<ThreadPool>(threads);
    auto weights = Weights::shared(description, *pool, kNotCancelled, kNoProgress);
    return std::make_unique<CpuEngine>(std::move(weights), std::move(pool), *kernels::select_kernels(nullptr, description.compute == Compute::Int8));
}

Request request() {
    Random random(60);
    Request r;
    for (const int length : {3, 40, 70}) r.sequences.push_back(random_tokens(random, length, 50));
    r.ranges = {{0, 3}, {3, 20}, {3, 43}, {43, 113}, {50, 113}};
    return r;
}

void check_load(const char * what, Fault kind, int threads, long least) {
    long faults = 0;
    for (const Variant & variant : variants()) {
        const Model model(variant.options);
        const ModelDescription description = described(model, variant.compute);
        const Request r = request();
        const Result expected = run(*load_int8_too(description, threads), r);
        const long found = each_fault_is_clean(kind, kCode, description, [&] { load_int8_too(description, threads); });
        CHECK(found >= least);
        CHECK(same_bits(run(*load_int8_too(description, threads), r).values, expected.values));
        faults += found;
    }
    count_faults(what, faults);
}

void check_run(const char * what, Fault kind, long least) {
    long faults = 0;
    for (const Variant & variant : variants()) {
        const Model model(variant.options);
        const ModelDescription description = described(model, variant.compute);
        for (const Representation representation : {Representation::Hidden, Representation::Logits, Representation::Next}) {
            for (const Pooling pooling : {Pooling::Last, Pooling::Mean, Pooling::Max}) {
                Request r = request();
                r.representation = representation;
                r.pooling = pooling;
                r.top = 5;
                const Result expected = run(*load_int8_too(description, 3), r);
                const long found = each_fault_is_clean(kind, kCode, description, [&] { run(*load_int8_too(description, 3), r); });
                CHECK(found >= least);
                CHECK(same_bits(run(*load_int8_too(description, 3), r).values, expected.values));
                faults += found;
            }
        }
    }
    count_faults(what, faults);
}

// An executor that ran out of memory in a pass does the next pass.
void check_recovery(const char * what, Fault kind, long least) {
    const Model model;
    auto executor = load(model.description, 3);
    Request r = request();
    r.representation = Representation::Next;
    r.top = 5;
    const Result expected = run(*load(model.description, 3), r);
    Result result;
    const Batch batch = make_batch(r, model.h(), result);
    const long faults = each_fault(
        kind, kCode, [&] { executor->run(batch, kNotCancelled); },
        [&] {
            const Result next = run(*executor, r);
            CHECK(same_bits(next.values, expected.values) && next.ids == expected.ids);
            // A new one: what a pass needed is kept, and would not be asked for again.
            executor = load(model.description, 3);
        });
    CHECK(faults >= least);
    count_faults(what, faults);
}

// A history, three samples and three steps of them, the last event of each.
std::vector<int32_t> futures(Engine & engine) {
    Random random(61);
    SamplerSettings settings;
    settings.top_k = 20;
    settings.top_p = 0.9;
    settings.forbidden = {1, 2};
    settings.target = {3, 4};
    settings.seed = 5;
    const auto continuations = engine.prefill(random_tokens(random, 45, 50), 3, 4, kNotCancelled);
    std::vector<int32_t> last(3, -1);
    for (uint64_t event = 0; event < 3; event++) {
        std::vector<Advance> rows;
        for (size_t i = 0; i < last.size(); i++) rows.push_back({continuations.get(), i, last[i], i, event});
        const std::vector<Draw> draws = engine.step(rows, settings, kNotCancelled);
        for (size_t i = 0; i < last.size(); i++) last[i] = draws[i].id;
    }
    return last;
}

void check_generation(const char * what, Fault kind, long least) {
    long faults = 0;
    for (const Variant & variant : variants()) {
        const Model model(variant.options);
        const ModelDescription description = described(model, variant.compute);
        const std::vector<int32_t> expected = futures(*load_engine(description, 3));
        faults += each_fault_is_clean(kind, kCode, description, [&] { futures(*load_engine(description, 3)); });
        // The same with an engine that stays.
        const auto engine = load_engine(description, 3);
        const long found = each_fault(kind, kCode, [&] { futures(*engine); }, [&] { CHECK(futures(*engine) == expected); });
        CHECK(found >= least);
        faults += found;
    }
    count_faults(what, faults);
}

}  // namespace

namespace clmbr::test {

void count_faults(const char * what, long faults) { std::printf("       %ld faults: %s\n", faults, what); }

}  // namespace clmbr::test

TEST("out of memory: each buffer of a load") { check_load("buffers of loads", Fault::Buffer, 3, 3); }
TEST("out of memory: each allocation on the heap in a load") { check_load("heap blocks of loads", Fault::Heap, 3, 20); }
TEST("out of memory: each allocation by ggml in a load") {
    // ggml's context, its pool of no threads and the state of the calling one.
    if (can_fail_malloc()) check_load("ggml's blocks of loads", Fault::Malloc, 3, 3);
}
TEST("out of memory: each thread of a pool") {
    for (const int threads : {2, 3, 8}) check_load("threads of pools", Fault::Thread, threads, threads - 1);
}
TEST("out of memory: each buffer of a load and its first pass") { check_run("buffers of loads and passes", Fault::Buffer, 4); }
TEST("out of memory: each allocation on the heap in a load and a pass") { check_run("heap blocks of loads and passes", Fault::Heap, 30); }
TEST("out of memory: each buffer of a later pass") { check_recovery("buffers of later passes", Fault::Buffer, 2); }
TEST("out of memory: each allocation on the heap in a later pass") { check_recovery("heap blocks of later passes", Fault::Heap, 10); }
TEST("out of memory: each buffer of histories and continuations") { check_generation("buffers of continuations", Fault::Buffer, 4); }
TEST("out of memory: each allocation on the heap in histories and continuations") {
    check_generation("heap blocks of continuations", Fault::Heap, 30);
}

TEST("out of memory: each allocation by ggml in a later pass") {
    if (can_fail_malloc()) check_recovery("ggml's blocks of later passes", Fault::Malloc, 1);
}
TEST("out of memory: each allocation by ggml in histories and continuations") {
    if (can_fail_malloc()) check_generation("ggml's blocks of continuations", Fault::Malloc, 4);
}

TEST("out of memory: sizes that no machine has") {
    CHECK_THROWS("OUT_OF_MEMORY", "for a test", Buffer(size_t(1) << 60, "a test"));
    const Buffer empty(0, "nothing");
    CHECK(empty.data() == nullptr);
}
