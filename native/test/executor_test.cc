// Whole passes: against F64, and the same bits whatever else is in the batch, however many threads, whichever kernels.
#include <chrono>
#include <thread>

#include "session.h"

#if !defined(_WIN32)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace clmbr;
using namespace clmbr::test;
using kernels::WeightType;

namespace {

void check_against_exact(const ModelOptions & options, const std::string & name) {
    const Model model(options);
    Random random(40);
    const std::vector<int32_t> tokens = random_tokens(random, 41, options.vocabulary);
    const auto exact = model.hidden(tokens);
    for (const kernels::Kernels * path : available_paths()) {
        const auto executor = load(model.description, 2, *path);
        const Result hidden = run(*executor, {{tokens}, every_token(41)});
        for (size_t i = 0; i < exact.size(); i++)
            for (size_t k = 0; k < exact[i].size(); k++)
                CHECK_IN(is_close(hidden.row(i)[k], exact[i][k], 1e-4, 1e-4), name + " on " + path->name);
        const Result logits = run(*executor, {{tokens}, {{0, 41}}, Pooling::Last, Representation::Logits});
        const std::vector<double> exact_logits = model.logits(exact[40]);
        for (size_t k = 0; k < exact_logits.size(); k++)
            CHECK_IN(is_close(logits.values[k], exact_logits[k], 1e-4, 3e-4), name + ", logits on " + path->name);
    }
}

// Sequences of lengths around panels, blocks of keys, and chunks of rows.
std::vector<std::vector<int32_t>> mixed_sequences(int vocabulary) {
    Random random(41);
    std::vector<std::vector<int32_t>> sequences;
    for (const int length : {1, 33, 5, 300, 32, 64, 257, 2, 100}) sequences.push_back(random_tokens(random, length, vocabulary));
    return sequences;
}

// All outputs of a batch of `sequences`: the last token of each, and in each a range.
std::vector<Range> mixed_ranges(const std::vector<std::vector<int32_t>> & sequences, bool prefixes) {
    std::vector<Range> ranges;
    int begin = 0;
    for (const auto & sequence : sequences) {
        const int length = static_cast<int>(sequence.size());
        if (prefixes)
            for (int end = begin + 1; end < begin + length; end += 17) ranges.push_back({begin, end});
        ranges.push_back({begin, begin + length});
        ranges.push_back({begin + length / 2, begin + length});
        begin += length;
    }
    // Ascending, as a batch has to be.
    for (size_t i = 1; i < ranges.size(); i++)
        if (ranges[i].begin == ranges[i - 1].begin && ranges[i].end < ranges[i - 1].end) std::swap(ranges[i], ranges[i - 1]);
    return ranges;
}

void check_batch_equals_alone(Executor & executor, Request request, const std::vector<std::vector<int32_t>> & sequences) {
    request.sequences = sequences;
    request.ranges = mixed_ranges(sequences, true);
    const Result together = run(executor, request);
    size_t output = 0;
    for (const auto & sequence : sequences) {
        request.sequences = {sequence};
        request.ranges = mixed_ranges({sequence}, true);
        const Result alone = run(executor, request);
        for (size_t i = 0; i < request.ranges.size(); i++, output++) {
            CHECK_IN(same_bits(together.row(output), alone.row(i)), "sequence of " + std::to_string(sequence.size()));
            if (!alone.ids.empty()) CHECK(together.id_row(output) == alone.id_row(i));
        }
    }
}

constexpr Representation kRepresentations[] = {Representation::Hidden, Representation::Logits, Representation::Next};
constexpr Pooling kPoolings[] = {Pooling::Last, Pooling::Mean, Pooling::Max};

}  // namespace

TEST("executor: passes are close to F64 for every type of weights") {
    for (const WeightType type : kWeightTypes) {
        ModelOptions options;
        options.type = type;
        check_against_exact(options, type_name(type));
        options.embedding_type = type;
        options.permuted = true;
        check_against_exact(options, std::string("permuted ") + type_name(type));
        options.tied = true;
        check_against_exact(options, std::string("tied ") + type_name(type));
    }
}

TEST("executor: passes are close to F64 for odd shapes") {
    ModelOptions options;
    options.hidden_size = 37, options.layers = 1, options.heads = 3, options.kv_heads = 1, options.head_size = 8, options.feed_forward = 1,
    options.vocabulary = 3;
    check_against_exact(options, "37 wide");
    options.hidden_size = 20, options.layers = 3, options.heads = 5, options.kv_heads = 5, options.head_size = 40, options.feed_forward = 1100,
    options.vocabulary = 33, options.permuted = true;
    check_against_exact(options, "heads wider than the model");
    options.heads = 12, options.kv_heads = 1, options.head_size = 24, options.layers = 1;
    check_against_exact(options, "12 heads to one");
    options.hidden_size = 1, options.heads = options.kv_heads = 1, options.head_size = 256, options.vocabulary = 1;
    check_against_exact(options, "1 wide");
}

TEST("executor: a sequence in a batch equals the sequence alone") {
    ModelOptions options;
    options.type = WeightType::F16;
    const Model model(options);
    const auto executor = load(model.description, 3);
    const auto sequences = mixed_sequences(options.vocabulary);
    for (const Representation representation : kRepresentations)
        for (const Pooling pooling : kPoolings) {
            Request request;
            request.representation = representation;
            request.pooling = pooling;
            request.top = 7;
            check_batch_equals_alone(*executor, request, sequences);
        }
}

TEST("executor: threads and instruction sets change no bit") {
    ModelOptions options;
    options.type = options.embedding_type = WeightType::Q8_0;
    options.tied = true;
    const Model model(options);
    const auto sequences = mixed_sequences(options.vocabulary);
    for (const Representation representation : kRepresentations) {
        Request request{sequences, mixed_ranges(sequences, false), Pooling::Mean, representation, 5};
        const Result expected = run(*load(model.description, 1), request);
        for (const kernels::Kernels * path : available_paths()) {
            for (const int threads : {1, 2, 5}) {
                const Result result = run(*load(model.description, threads, *path), request);
                CHECK_IN(same_bits(result.values, expected.values), path->name);
                CHECK(result.ids == expected.ids);
            }
        }
    }
}

TEST("executor: rows that nobody asks for change none that somebody does") {
    const Model model;
    const auto executor = load(model.description);
    const auto sequences = mixed_sequences(model.h().vocabulary_size);
    int tokens = 0;
    for (const auto & sequence : sequences) tokens += static_cast<int>(sequence.size());
    const Result all = run(*executor, {sequences, every_token(tokens)});
    const auto ranges = mixed_ranges(sequences, false);
    const Result some = run(*executor, {sequences, ranges});
    for (size_t i = 0; i < ranges.size(); i++) CHECK(same_bits(some.row(i), all.row(static_cast<size_t>(ranges[i].end) - 1)));
    const Result none = run(*executor, {sequences, {}});
    CHECK(none.values.empty());
}

TEST("executor: memory of an earlier pass leaves no trace") {
    const Model model;
    const auto executor = load(model.description);
    const auto sequences = mixed_sequences(model.h().vocabulary_size);
    const Request small{{sequences[1]}, every_token(33)};
    const Result first = run(*executor, small);
    run(*executor, {sequences, mixed_ranges(sequences, false), Pooling::Max, Representation::Logits});
    CHECK(same_bits(run(*executor, small).values, first.values));
}

TEST("executor: a cancelled pass throws ABORTED, and the next one works") {
    const Model model;
    const auto executor = load(model.description);
    const auto sequences = mixed_sequences(model.h().vocabulary_size);
    const Request request{sequences, mixed_ranges(sequences, false), Pooling::Max, Representation::Logits};
    const Result expected = run(*executor, request);
    std::atomic<bool> cancelled{true};
    CHECK_THROWS("ABORTED", "cancelled", run(*executor, request, cancelled));

    // Cancelled from another thread after growing parts of the time that a pass takes: in the graph, in the head, or too late.
    using Clock = std::chrono::steady_clock;
    const Clock::time_point before = Clock::now();
    run(*executor, request);
    const Clock::duration whole = Clock::now() - before;
    int aborted = 0;
    for (int delay = 0; delay < 40; delay++) {
        cancelled = false;
        std::atomic<bool> ready{false}, begun{false};
        std::thread canceller([&, delay] {
            ready = true;
            while (!begun) {
            }
            const Clock::time_point end = Clock::now() + whole * delay / 36;
            while (Clock::now() < end) {
            }
            cancelled = true;
        });
        while (!ready) std::this_thread::yield();
        begun = true;
        try {
            const Result result = run(*executor, request, cancelled);
            CHECK(same_bits(result.values, expected.values));
        } catch (const Error & error) {
            aborted++;
            if (std::strcmp(error.code(), "ABORTED") != 0) {
                canceller.join();
                throw;
            }
        }
        canceller.join();
    }
    CHECK(aborted > 0);
    CHECK(same_bits(run(*executor, request).values, expected.values));
}

#if !defined(_WIN32)
TEST("executor: refuses to run in a forked child") {
    const Model model;
    const auto executor = load(model.description);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // ends a child that hangs
        try {
            run(*executor, {{{1, 2}}, {{0, 2}}});
            _exit(1);
        } catch (const Error & error) {
            _exit(std::strcmp(error.code(), "DEVICE_UNAVAILABLE") == 0 ? 0 : 2);
        }
    }
    int status = -1;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
}
#endif
