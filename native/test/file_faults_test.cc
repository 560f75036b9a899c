// Files that fail, shrink or are replaced while a model is loaded from them.
#include <cstdio>
#include <filesystem>

#include "../engine/file.h"
#include "each_fault.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::WeightType;

namespace {

std::vector<uint8_t> contents(const std::string & path) {
    const File file(path);
    std::vector<uint8_t> bytes(file.size());
    file.read(0, bytes.data(), bytes.size());
    return bytes;
}

std::vector<float> outcome(const ModelDescription & description) {
    return run(*load(description, 3), {{{1, 2, 3, 4}}, {{0, 4}}, Pooling::Last, Representation::Logits}).values;
}

// A key of its own, so that no other copy is shared.
ModelDescription another(ModelDescription description, const std::string & of) {
    description.key += of;
    return description;
}

long steps_of(const Model & model) {
    long steps = 0;
    ThreadPool pool(1);
    Weights(model.description, pool, kNotCancelled, [&](uint64_t) { steps++; });
    return steps;
}

// Loads on one thread, and calls `change` after the step of this number.
std::shared_ptr<const Weights> load_and_change(const ModelDescription & description, long step, const std::function<void()> & change) {
    ThreadPool pool(1);
    long done = 0;
    return std::make_shared<const Weights>(description, pool, kNotCancelled, [&](uint64_t) {
        if (done++ == step) change();
    });
}

}  // namespace

TEST("file faults: each read of a load fails") {
    long faults = 0;
    for (const Compute compute : {Compute::F32, Compute::Int8}) {
        ModelOptions options;
        options.permuted = true;
        const Model model(options);
        ModelDescription description = model.description;
        description.compute = compute;
        for (const int threads : {1, 3})
            faults += each_fault_is_clean(Fault::Read, "FILE_UNREADABLE", description, [&] {
                ThreadPool pool(threads);
                Weights(description, pool, kNotCancelled, kNoProgress);
            });
    }
    CHECK(faults > 100);
    count_faults("reads of loads", faults);
}

TEST("file faults: reads that return little at a time") {
    const Model model;
    const std::vector<float> expected = outcome(model.description);
    for (const size_t bytes : {size_t(1), size_t(13), size_t(1000)}) {
        limit_reads(bytes);
        const std::vector<float> found = outcome(another(model.description, std::to_string(bytes)));
        limit_reads(SIZE_MAX);
        CHECK(same_bits(found, expected));
    }
}

TEST("file faults: truncated after each step of a load") {
    const Model model;
    const std::string & path = model.description.path;
    const std::vector<uint8_t> bytes = contents(path);
    const long steps = steps_of(model);
    CHECK(steps > 20);
    for (const size_t size : {size_t(0), bytes.size() / 2, bytes.size() - 4}) {
        for (long step = 0; step < steps; step++) {
            bool read_all = false;
            try {
                load_and_change(model.description, step, [&] { std::filesystem::resize_file(path, size); });
                read_all = true;
            } catch (const Error & error) {
                CHECK_EQUAL(std::string(error.code()), "FILE_UNREADABLE");
            }
            // Only the last step finds nothing missing.
            CHECK_IN(!read_all || step >= steps - (size == 0 ? 1 : steps), std::to_string(step));
            write_bytes(path, bytes);
        }
        CHECK_THROWS("FILE_UNREADABLE", "", load_and_change(model.description, 0, [&] { std::filesystem::resize_file(path, size); }));
        write_bytes(path, bytes);
    }
    CHECK(!outcome(model.description).empty());
}

#if !defined(_WIN32)
TEST("file faults: another file takes its name during a load") {
    ModelOptions options;
    options.seed = 2;
    const Model model, other(options);
    const std::vector<float> expected = outcome(model.description);
    const std::vector<uint8_t> bytes = contents(model.description.path), others = contents(other.description.path);
    const long steps = steps_of(model);
    for (long step = 0; step < steps; step += 3) {
        // What was opened stays what is read: the weights of one file, never a mixture.
        const auto weights = load_and_change(model.description, step, [&] {
            const std::string fresh = temporary_path();
            write_bytes(fresh, others);
            std::filesystem::rename(fresh, model.description.path);
        });
        auto pool = std::make_shared<ThreadPool>(2);
        Executor executor(weights, pool, *kernels::select_kernels(nullptr));
        CHECK(same_bits(run(executor, {{{1, 2, 3, 4}}, {{0, 4}}, Pooling::Last, Representation::Logits}).values, expected));
        std::remove(model.description.path.c_str());
        write_bytes(model.description.path, bytes);
    }
}
#endif
