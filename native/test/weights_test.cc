// Loading: shared copies, files that changed, cancelling, progress.
#include <cstdio>
#include <thread>

#include "../engine/file.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

std::vector<uint8_t> contents(const Model & model) {
    std::vector<uint8_t> bytes(model.description.file_size);
    const File file(model.description.path);
    file.read(0, bytes.data(), bytes.size());
    return bytes;
}

}  // namespace

TEST("weights: executors of one key share a copy, until the last is gone") {
    const Model model;
    auto one = load(model.description), two = load(model.description, 1);
    CHECK(&one->weights() == &two->weights());
    ModelDescription other = model.description;
    other.key += " of another time";
    CHECK(&load(other)->weights() != &one->weights());

    const Request request{{{1, 2, 3}}, {{0, 3}}, Pooling::Last, Representation::Logits};
    const Result expected = run(*one, request);
    one.reset();
    CHECK(same_bits(run(*two, request).values, expected.values));
    two.reset();
    std::remove(model.description.path.c_str());
    CHECK_THROWS("FILE_UNREADABLE", "Could not read", load(model.description));
}

TEST("weights: loaded from many threads at once, they are read once") {
    const Model model;
    std::atomic<uint64_t> bytes{0};
    std::shared_ptr<const Weights> found[4];
    std::vector<std::thread> threads;
    for (auto & result : found)
        threads.emplace_back([&] {
            ThreadPool pool(2);
            result = Weights::shared(model.description, pool, kNotCancelled, [&](uint64_t count) { bytes += count; });
        });
    for (std::thread & thread : threads) thread.join();
    uint64_t total = 0;
    for (const TensorEntry & t : model.description.tensors) total += t.bytes;
    CHECK_EQUAL(bytes.load(), total);
    for (const auto & result : found) CHECK(result != nullptr && result == found[0]);
}

TEST("weights: a file that changed since it was described") {
    const Model model;
    std::vector<uint8_t> bytes = contents(model);
    bytes.pop_back();
    write_bytes(model.description.path, bytes);
    CHECK_THROWS("FILE_UNREADABLE", "changed while it was loaded", load(model.description));

    // Truncated between the check of its size and the reads: as seen by a table that promises more than the file has.
    ModelDescription wrong = model.description;
    bytes.resize(bytes.size() / 2);
    write_bytes(wrong.path, bytes);
    wrong.file_size = bytes.size();
    ThreadPool pool(3);
    CHECK_THROWS("FILE_UNREADABLE", "it ended before", Weights(wrong, pool, kNotCancelled, kNoProgress));
    // The same pool goes on.
    const Model good;
    CHECK(Weights(good.description, pool, kNotCancelled, kNoProgress).bytes() > 0);
}

TEST("weights: a cancelled load throws ABORTED, and the next one works") {
    const Model model;
    ThreadPool pool(2);
    std::atomic<bool> cancelled{true};
    CHECK_THROWS("ABORTED", "cancelled", Weights::shared(model.description, pool, cancelled, kNoProgress));
    cancelled = false;
    CHECK_THROWS("ABORTED", "cancelled", Weights::shared(model.description, pool, cancelled, [&](uint64_t) { cancelled = true; }));
    cancelled = false;
    CHECK(Weights::shared(model.description, pool, cancelled, kNoProgress) != nullptr);
}

TEST("weights: a load that waits for another one can be cancelled") {
    const Model slow, other;
    for (const Model * second : {&slow, &other}) {
        std::atomic<bool> begun{false}, ended{false}, cancelled{false}, in_time{false};
        std::thread first([&] {
            ThreadPool pool(1);
            Weights::shared(slow.description, pool, kNotCancelled, [&](uint64_t) {
                if (begun.exchange(true)) return;
                for (int i = 0; i < 5000 && !ended; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                in_time = ended.load();
            });
        });
        std::string code;
        std::thread waiting([&] {
            while (!begun) std::this_thread::yield();
            try {
                ThreadPool pool(1);
                Weights::shared(second->description, pool, cancelled, kNoProgress);
            } catch (const Error & error) {
                code = error.code();
            }
            ended = true;
        });
        while (!begun) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        cancelled = true;
        waiting.join();
        first.join();
        CHECK_EQUAL(code, "ABORTED");
        CHECK(in_time);
    }
}

TEST("weights: what a callback of progress throws comes out of the load") {
    const Model model;
    ThreadPool pool(3);
    CHECK_THROWS("INTERNAL", "enough", Weights(model.description, pool, kNotCancelled, [](uint64_t) { throw Error("INTERNAL", "enough"); }));
}

TEST("weights: embeddings of every type, tied or not") {
    for (const kernels::WeightType type : kWeightTypes) {
        for (const bool tied : {false, true}) {
            ModelOptions options;
            options.embedding_type = type;
            options.tied = tied;
            const Model model(options);
            const auto executor = load(model.description);
            for (int token = 0; token < options.vocabulary; token++) {
                std::vector<float> row(64);
                executor->weights().embedding(executor->kernels(), token, row.data());
                for (int k = 0; k < 64; k++) CHECK_EQUAL(row[static_cast<size_t>(k)], model.weights(Role::TokenEmbedding).at(token, k));
            }
        }
    }
}
