// A model with threads, and batches whose results own their memory.
#pragma once

#include "../engine/executor.h"
#include "model.h"
#include "paths.h"
#include "test.h"

namespace clmbr::test {

inline const std::atomic<bool> kNotCancelled{false};
inline const Weights::Progress kNoProgress;

// What a binding does to load a model.
inline std::unique_ptr<Executor> load(const ModelDescription & description, int threads = 2,
                                      const kernels::Kernels & kernels = *kernels::select_kernels(nullptr)) {
    check_description(description);
    auto pool = std::make_shared<ThreadPool>(threads);
    auto weights = Weights::shared(description, *pool, kNotCancelled, kNoProgress);
    return std::make_unique<Executor>(std::move(weights), std::move(pool), kernels);
}

struct Range {
    int begin, end;
};

// Like Batch, but outputs are ranges: where they go is made by run().
struct Request {
    std::vector<std::vector<int32_t>> sequences;
    std::vector<Range> ranges;
    Pooling pooling = Pooling::Last;
    Representation representation = Representation::Hidden;
    int top = 0;
};

struct Result {
    size_t width = 0;
    std::vector<float> values;  // [ranges][width]
    std::vector<int32_t> ids;   // likewise, for Representation::Next

    std::vector<float> row(size_t index) const {
        return {values.begin() + static_cast<long>(index * width), values.begin() + static_cast<long>((index + 1) * width)};
    }
    std::vector<int32_t> id_row(size_t index) const {
        return {ids.begin() + static_cast<long>(index * width), ids.begin() + static_cast<long>((index + 1) * width)};
    }
};

inline Batch make_batch(const Request & request, const Hyperparameters & h, Result & result) {
    Batch batch;
    for (const auto & sequence : request.sequences) {
        batch.tokens.insert(batch.tokens.end(), sequence.begin(), sequence.end());
        batch.lengths.push_back(static_cast<int32_t>(sequence.size()));
    }
    batch.pooling = request.pooling;
    batch.representation = request.representation;
    batch.top = request.top;
    result.width = static_cast<size_t>(request.representation == Representation::Hidden   ? h.hidden_size
                                       : request.representation == Representation::Logits ? h.vocabulary_size
                                                                                          : request.top);
    result.values.assign(request.ranges.size() * result.width, NAN);
    if (request.representation == Representation::Next) result.ids.assign(result.values.size(), -1);
    for (size_t i = 0; i < request.ranges.size(); i++)
        batch.outputs.push_back({request.ranges[i].begin, request.ranges[i].end, result.values.data() + i * result.width,
                                 result.ids.empty() ? nullptr : result.ids.data() + i * result.width});
    return batch;
}

inline Result run(Executor & executor, const Request & request, const std::atomic<bool> & cancelled = kNotCancelled) {
    Result result;
    executor.run(make_batch(request, executor.weights().hyperparameters(), result), cancelled);
    return result;
}

// One output for each token.
inline std::vector<Range> every_token(int tokens) {
    std::vector<Range> ranges;
    for (int i = 0; i < tokens; i++) ranges.push_back({i, i + 1});
    return ranges;
}

inline std::vector<int32_t> random_tokens(Random & random, int count, int vocabulary) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < count; i++) tokens.push_back(random.integer(0, vocabulary - 1));
    return tokens;
}

}  // namespace clmbr::test
