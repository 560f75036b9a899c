// Histories, continuations and draws.
#include "../engine/generation.h"

#include <algorithm>
#include <functional>

#include "../engine/random.h"
#include "session.h"

namespace clmbr::test {
namespace {


// The log-probability that one whole pass gives to each token of `tokens` from `first` on.
std::vector<float> scores(Executor & executor, const std::vector<int32_t> & tokens, int first) {
    Batch batch;
    batch.tokens = tokens;
    batch.lengths = {static_cast<int32_t>(tokens.size())};
    batch.representation = Representation::Score;
    std::vector<float> values(tokens.size());
    std::vector<int32_t> ids(2 * tokens.size());
    for (int i = first; i < static_cast<int>(tokens.size()); i++) batch.outputs.push_back({i - 1, i, &values[static_cast<size_t>(i)], &ids[2 * static_cast<size_t>(i)]});
    executor.run(batch, kNotCancelled);
    return {values.begin() + first, values.end()};
}

struct Future {
    std::vector<int32_t> tokens;  // history and drawn events
    std::vector<float> log_probabilities;
};

std::vector<Future> futures(Executor & executor, const std::vector<int32_t> & past, int events, const SamplerSettings & settings,
                            const std::vector<uint64_t> & samples) {
    const auto history = prefill(executor, past, kNotCancelled);
    std::vector<std::unique_ptr<Continuation>> continuations;
    std::vector<Future> result(samples.size(), {past, {}});
    for (size_t i = 0; i < samples.size(); i++)
        continuations.push_back(std::make_unique<Continuation>(executor.weights().hyperparameters(), history, events));
    for (int event = 0; event < events; event++) {
        std::vector<StepRow> rows;
        for (size_t i = 0; i < samples.size(); i++)
            rows.push_back({continuations[i].get(), event == 0 ? -1 : result[i].tokens.back(), samples[i], static_cast<uint64_t>(event)});
        const std::vector<Draw> draws = step(executor, rows, settings, kNotCancelled);
        for (size_t i = 0; i < samples.size(); i++) {
            result[i].tokens.push_back(draws[i].id);
            result[i].log_probabilities.push_back(draws[i].log_probability);
        }
    }
    return result;
}

}  // namespace

// Histories around the boundaries of panels (32) and blocks of keys (256), for grouped and for single heads.
TEST("generation: steps have the bits of a whole pass") {
    for (const int kv_heads : {1, 2, 4}) {
        ModelOptions options;
        options.kv_heads = kv_heads;
        const Model model(options);
        const auto executor = load(model.description);
        Random random(7);
        for (const int length : {1, 31, 32, 33, 255, 256, 257, 300}) {
            SamplerSettings settings;
            settings.seed = 5;
            const auto past = random_tokens(random, length, options.vocabulary);
            for (const Future & f : futures(*executor, past, 40, settings, {0, 1, 2}))
                CHECK(same_bits(f.log_probabilities, scores(*executor, f.tokens, length)));
        }
    }
}

TEST("generation: a sample does not notice which others are drawn, nor the threads") {
    const Model model;
    const auto executor = load(model.description), alone = load(model.description, 1);
    Random random(8);
    const auto past = random_tokens(random, 290, model.h().vocabulary_size);
    const SamplerSettings settings;
    const auto together = futures(*executor, past, 24, settings, {0, 1, 2, 3, 4, 5, 6});
    const auto single = futures(*alone, past, 24, settings, {4});
    CHECK(together[4].tokens == single[0].tokens);
    CHECK(same_bits(together[4].log_probabilities, single[0].log_probabilities));
    CHECK(together[0].tokens != together[1].tokens);
}

TEST("generation: a cancelled step changes nothing") {
    const Model model;
    const auto executor = load(model.description);
    Random random(9);
    const auto past = random_tokens(random, 40, model.h().vocabulary_size);
    const auto history = prefill(*executor, past, kNotCancelled);
    Continuation continuation(model.h(), history, 8);
    const std::atomic<bool> cancelled{true};
    const std::vector<StepRow> rows{{&continuation, 3, 0, 1}};
    CHECK_THROWS("ABORTED", "cancelled", step(*executor, rows, {}, cancelled));
    CHECK_EQUAL(continuation.length, 40);
    const Draw draw = step(*executor, rows, {}, kNotCancelled)[0];
    auto tokens = past;
    tokens.push_back(3);
    tokens.push_back(draw.id);
    CHECK(same_bits({draw.log_probability}, scores(*executor, tokens, 41)));
}

TEST("generation: no room for another event is refused") {
    const Model model;
    const auto executor = load(model.description);
    const auto history = prefill(*executor, {1, 2, 3}, kNotCancelled);
    Continuation continuation(model.h(), history, 1);
    const std::vector<StepRow> rows{{&continuation, 3, 0, 1}};
    step(*executor, rows, {}, kNotCancelled);
    CHECK_THROWS("INVALID_ARGUMENT", "room", step(*executor, rows, {}, kNotCancelled));
    CHECK_THROWS("INVALID_ARGUMENT", "history", prefill(*executor, {}, kNotCancelled));
}

// The rules of transformers' warpers in F64: divide, keep the k largest and their equals, take out the least probable up to 1 - p.
TEST("generation: temperature, top-k and top-p give the probabilities of a plain F64 reference") {
    const kernels::Kernels & kernels = *kernels::select_kernels(nullptr);
    Random random(10);
    const struct {
        float temperature;
        int top_k;
        double top_p;
    } cases[] = {{1, 0, 1}, {0.7f, 0, 1}, {1.3f, 0, 1}, {1, 5, 1}, {1, 0, 0.9}, {0.7f, 20, 0.8}, {2, 3, 0.5}, {1, 1, 1}, {1, 0, 0.01}};
    for (const auto & c : cases) {
        SamplerMemory memory(61);
        for (float & logit : memory.logits) logit = static_cast<float>(random.integer(-9000, 9000)) / 1000;
        std::vector<double> expected;
        for (const float logit : memory.logits) expected.push_back(static_cast<double>(logit) / static_cast<double>(c.temperature));
        std::vector<double> sorted = expected;
        std::sort(sorted.begin(), sorted.end(), std::greater<double>());
        double total = 0;
        for (double & x : expected) total += x = c.top_k > 0 && x < sorted[static_cast<size_t>(c.top_k - 1)] ? 0 : std::exp(x);
        std::vector<size_t> order(expected.size());
        for (size_t i = 0; i < order.size(); i++) order[i] = i;
        std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return expected[a] < expected[b]; });
        double removed = 0, kept = total;
        for (size_t i = 0; c.top_p < 1 && i + 1 < order.size(); i++) {
            removed += expected[order[i]] / total;
            if (removed > 1 - c.top_p) break;
            kept -= expected[order[i]];
            expected[order[i]] = 0;
        }
        SamplerSettings settings;
        settings.temperature = c.temperature;
        settings.top_k = c.top_k;
        settings.top_p = c.top_p;
        const double sum = shape_distribution(kernels, settings, memory);
        for (size_t i = 0; i < expected.size(); i++) {
            CHECK(std::fabs(static_cast<double>(memory.weights[i]) / sum - expected[i] / kept) < 1e-6);
            CHECK((memory.weights[i] > 0) == (expected[i] > 0));
        }
    }
}

// Known answers of Philox4x32-10: counter and key all zeros, and all ones, give 6627e8d5 e169c58d and 408f276d 41c83b0e first.
TEST("generation: the random generator is Philox4x32-10") {
    const auto expected = [](uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; };
    CHECK_EQUAL(uniform(0, 0, 0), expected(0x6627e8d5e169c58d));
    CHECK_EQUAL(uniform(~uint64_t(0), ~uint64_t(0), ~uint64_t(0)), expected(0x408f276d41c83b0e));
}

}  // namespace clmbr::test
