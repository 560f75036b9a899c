// The device graph against our own kernels: on the processor with ggml's operators, over memory that the host cannot see, and on the
// device that CLMBR_TEST_DEVICE names.
#include <cstdlib>

#include "../engine/cpu_engine.h"
#include "../engine/device/backends.h"
#include "../engine/device/device_engine.h"
#include "each_fault.h"
#include "rpc_device.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::WeightType;

namespace {

// How far results may lie from those of our kernels, as a share of the row's largest value. Backends round activations to the type of
// the weights (ggml's CPU backend for all but F32) or to the type of their fast products (a GPU, for all).
double tolerance(const std::string & device, WeightType type) {
    if (const char * given = std::getenv("CLMBR_TEST_TOLERANCE")) return std::atof(given);
    const bool exact = device == kCpuReference || device == "rpc";
    switch (type) {
        case WeightType::F32: return exact ? 5e-5 : 2e-2;
        case WeightType::F16: return exact ? 4e-3 : 2e-2;
        case WeightType::BF16: return 4e-2;
        case WeightType::Q8_0: return 8e-2;
        case WeightType::Int8: break;  // never in files
    }
    return 0;
}

// The devices of this run. The server lives until the process ends.
const std::vector<std::string> & devices() {
    static const std::vector<std::string> names = [] {
        if (const char * given = std::getenv("CLMBR_TEST_DEVICE")) return std::vector<std::string>{given};
        std::vector<std::string> found{kCpuReference};
        if (RpcDevice::possible()) {
            static RpcDevice * server = new RpcDevice("rpc");
            (void)server;
            std::atexit([] { server->kill(); });
            found.push_back("rpc");
        }
        return found;
    }();
    return names;
}

std::unique_ptr<CpuEngine> load_cpu(const ModelDescription & description) {
    check_description(description);
    auto pool = std::make_shared<ThreadPool>(2);
    auto weights = Weights::shared(description, *pool, kNotCancelled, kNoProgress);
    return std::make_unique<CpuEngine>(std::move(weights), std::move(pool), *kernels::select_kernels(nullptr));
}

std::unique_ptr<DeviceEngine> load_device(const ModelDescription & description, const DeviceOptions & options) {
    check_description(description);
    // One thread: those of ggml wait for each other at every little operator.
    return std::make_unique<DeviceEngine>(description, options, std::make_shared<ThreadPool>(1), *kernels::select_kernels(nullptr), kNotCancelled, kNoProgress);
}

Result run(Engine & engine, const Request & request, const std::atomic<bool> & cancelled = kNotCancelled) {
    Result result;
    engine.run(make_batch(request, engine.hyperparameters(), result), cancelled);
    return result;
}

// The largest difference between two rows, as a share of the largest value.
double distance(const std::vector<float> & found, const std::vector<float> & expected) {
    double most = 0, difference = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        most = std::max(most, std::abs(static_cast<double>(expected[i])));
        const double d = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
        difference = d <= difference ? difference : d;  // NaN counts as the largest
    }
    return difference / std::max(most, 1e-9);
}

std::vector<std::vector<int32_t>> sequences(int vocabulary, std::initializer_list<int> lengths) {
    Random random(71);
    std::vector<std::vector<int32_t>> all;
    for (const int length : lengths) all.push_back(random_tokens(random, length, vocabulary));
    return all;
}

// A few prefixes of each sequence, and its whole.
std::vector<Range> prefixes(const std::vector<std::vector<int32_t>> & all) {
    std::vector<Range> ranges;
    int begin = 0;
    for (const auto & sequence : all) {
        const int length = static_cast<int>(sequence.size());
        for (const int end : {length / 3, length / 2, length})
            if (end > 0 && (ranges.empty() || ranges.back().begin != begin || ranges.back().end < begin + end)) ranges.push_back({begin, begin + end});
        begin += length;
    }
    return ranges;
}

std::string named(const std::string & device, AttentionPath path, const std::string & what) {
    return device + (path == AttentionPath::Flash ? ", flash, " : path == AttentionPath::Softmax ? ", softmax, " : ", ") + what;
}

double check_parity(const ModelOptions & options, AttentionPath path, const std::string & what) {
    const Model model(options);
    const auto cpu = load_cpu(model.description);
    const auto all = sequences(options.vocabulary, {1, 40, 7, 200, 190, 65, 41, 2, 300});
    double worst = 0;
    for (const std::string & device : devices()) {
        const auto engine = load_device(model.description, {device, path, SIZE_MAX});
        for (const Pooling pooling : {Pooling::Last, Pooling::Mean}) {
            for (const Representation representation : {Representation::Hidden, Representation::Logits}) {
                const Request request{all, prefixes(all), pooling, representation, 0};
                const Result found = run(*engine, request), expected = run(*cpu, request);
                for (size_t i = 0; i < request.ranges.size(); i++) {
                    const double d = distance(found.row(i), expected.row(i));
                    worst = std::max(worst, d);
                    CHECK_IN(d <= tolerance(device, options.embedding_type == options.type ? options.type : std::max(options.type, options.embedding_type)),
                             named(device, path, what + ", row " + std::to_string(i) + ": " + std::to_string(d)));
                }
            }
        }
    }
    return worst;
}

constexpr AttentionPath kBothPaths[] = {AttentionPath::Automatic, AttentionPath::Softmax};

}  // namespace

TEST("device: F32 is within 5e-5 of our kernels, for many shapes") {
    ModelOptions options;
    for (const AttentionPath path : kBothPaths) {
        options = {};
        check_parity(options, path, "the default");
        options.permuted = true;
        options.head_size = 64, options.heads = 2, options.kv_heads = 1, options.hidden_size = 96;
        check_parity(options, path, "heads of 64, permuted");
        options.head_size = 32, options.heads = 3, options.kv_heads = 3, options.layers = 1, options.tied = true;
        check_parity(options, path, "one layer, tied");
        options.head_size = 8, options.heads = 6, options.kv_heads = 2, options.layers = 3, options.hidden_size = 40, options.feed_forward = 33;
        check_parity(options, path, "heads of 8");
    }
}

TEST("device: other types of weights stay within what the backend's rounding allows") {
    for (const WeightType type : {WeightType::F16, WeightType::BF16, WeightType::Q8_0}) {
        for (const AttentionPath path : kBothPaths) {
            ModelOptions options;
            options.type = options.embedding_type = type;
            options.permuted = true;
            options.tied = type == WeightType::Q8_0;
            check_parity(options, path, type_name(type));
        }
    }
}

TEST("device: all rows of long sequences, ranks and next events as on the CPU") {
    const Model model;
    const auto cpu = load_cpu(model.description);
    const auto all = sequences(model.h().vocabulary_size, {399, 3, 120, 400});
    int tokens = 0;
    for (const auto & sequence : all) tokens += static_cast<int>(sequence.size());
    for (const std::string & device : devices()) {
        const auto engine = load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX});
        const Request every{all, every_token(tokens)};
        const Result found = run(*engine, every), expected = run(*cpu, every);
        for (size_t i = 0; i < every.ranges.size(); i++) CHECK_IN(distance(found.row(i), expected.row(i)) <= tolerance(device, WeightType::F32), device);
        const Request next{all, prefixes(all), Pooling::Last, Representation::Next, 5};
        const Result near = run(*engine, next), exact = run(*cpu, next);
        for (size_t i = 0; i < near.values.size(); i++) CHECK(std::abs(near.values[i] - exact.values[i]) < 40 * tolerance(device, WeightType::F32));
        const Request maximum{all, prefixes(all), Pooling::Max, Representation::Logits, 0};
        const Result top = run(*engine, maximum), most = run(*cpu, maximum);
        for (size_t i = 0; i < maximum.ranges.size(); i++) CHECK(distance(top.row(i), most.row(i)) <= tolerance(device, WeightType::F32));
    }
}

namespace {

// Draws `events` events for each sample, checks each step's log-probabilities against a whole pass on the CPU.
void check_futures(Engine & engine, Engine & cpu, const std::vector<int32_t> & past, int events, const std::string & device) {
    constexpr size_t kSamples = 5;
    const auto continuations = engine.prefill(past, kSamples, events, kNotCancelled);
    CHECK(continuations->bytes() > 0);
    std::vector<std::vector<int32_t>> timelines(kSamples, past);
    std::vector<std::vector<float>> log_probabilities(kSamples);
    SamplerSettings settings;
    settings.seed = 3;
    for (int event = 0; event < events; event++) {
        std::vector<Advance> rows;
        for (size_t i = 0; i < kSamples; i++) {
            // Samples end at different times: the first and one in the middle early. One pauses for a step and goes on.
            if ((i == 0 && event > 3) || (i == 2 && event > 6)) continue;
            if (i == 3 && event == 5) continue;
            const bool fresh = timelines[i].size() == past.size();
            rows.push_back({continuations.get(), i, fresh ? -1 : timelines[i].back(), i, static_cast<uint64_t>(timelines[i].size() - past.size())});
        }
        if (event == 4) continuations->release(0);
        const std::vector<Draw> draws = engine.step(rows, settings, kNotCancelled);
        for (size_t r = 0; r < rows.size(); r++) {
            timelines[rows[r].slot].push_back(draws[r].id);
            log_probabilities[rows[r].slot].push_back(draws[r].log_probability);
        }
    }
    CHECK(!continuations->has(0) && continuations->has(1));
    for (size_t i = 0; i < kSamples; i++) {
        Batch batch;
        batch.tokens = timelines[i];
        batch.lengths = {static_cast<int32_t>(timelines[i].size())};
        batch.representation = Representation::Score;
        std::vector<float> scores(log_probabilities[i].size());
        std::vector<int32_t> ids(2 * scores.size());
        for (size_t e = 0; e < scores.size(); e++) {
            const int at = static_cast<int>(past.size() + e);
            batch.outputs.push_back({at - 1, at, &scores[e], &ids[2 * e]});
        }
        cpu.run(batch, kNotCancelled);
        for (size_t e = 0; e < scores.size(); e++)
            CHECK_IN(std::abs(scores[e] - log_probabilities[i][e]) <= 40 * tolerance(device, WeightType::F32),
                     device + ", sample " + std::to_string(i) + ", event " + std::to_string(e) + " after " + std::to_string(past.size()));
    }
    // A rewound sample begins again: the same first event, and the same second one.
    continuations->rewind(1);
    const std::vector<Advance> first{{continuations.get(), 1, -1, 1, 0}}, second{{continuations.get(), 1, timelines[1][past.size()], 1, 1}};
    CHECK_EQUAL(engine.step(first, settings, kNotCancelled)[0].id, timelines[1][past.size()]);
    CHECK(std::abs(engine.step(second, settings, kNotCancelled)[0].log_probability - log_probabilities[1][1]) <= 40 * tolerance(device, WeightType::F32));
}

}  // namespace

TEST("device: futures follow the model, sample by sample") {
    for (const int kv_heads : {1, 2, 4}) {
        ModelOptions options;
        options.kv_heads = kv_heads;
        options.permuted = kv_heads == 2;
        const Model model(options);
        const auto cpu = load_cpu(model.description);
        Random random(72);
        for (const std::string & device : devices()) {
            const auto engine = load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX});
            for (const int length : {1, 33, 257}) check_futures(*engine, *cpu, random_tokens(random, length, options.vocabulary), 40, device);
        }
    }
}

TEST("device: a full continuation is refused, and a cancelled step changes nothing") {
    const Model model;
    for (const std::string & device : devices()) {
        const auto engine = load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX});
        const auto c = engine->prefill({1, 2, 3}, 1, 2, kNotCancelled);
        const std::atomic<bool> cancelled{true};
        const std::vector<Advance> rows{{c.get(), 0, 7, 0, 1}};
        CHECK_THROWS("ABORTED", "cancelled", engine->step(rows, {}, cancelled));
        const Draw once = engine->step(rows, {}, kNotCancelled)[0];
        c->rewind(0);
        CHECK(engine->step(rows, {}, kNotCancelled)[0].id == once.id);
        CHECK_THROWS("ABORTED", "cancelled", run(*engine, {{{1, 2}}, {{0, 2}}}, cancelled));
        CHECK_THROWS("INVALID_ARGUMENT", "token ids", engine->step({{c.get(), 0, 50, 0, 1}}, {}, kNotCancelled));
    }
}

TEST("device: a batch shrinks when memory runs out, and says so when one sequence is too much") {
    const Model model;
    const auto all = sequences(model.h().vocabulary_size, {150, 150, 149, 148, 150, 147, 20, 21, 5});
    const Request request{all, prefixes(all), Pooling::Mean};
    for (const std::string & device : devices()) {
        const auto whole = load_device(model.description, {device, AttentionPath::Softmax, SIZE_MAX});
        const Result expected = run(*whole, request);
        const auto small = load_device(model.description, {device, AttentionPath::Softmax, size_t(1) << 20});
        const int before = small->budget();
        const Result found = run(*small, request);
        CHECK(small->budget() < before && small->budget() < 900);
        for (size_t i = 0; i < request.ranges.size(); i++) CHECK(distance(found.row(i), expected.row(i)) <= tolerance(device, WeightType::F32));
        const auto none = load_device(model.description, {device, AttentionPath::Softmax, 60000});
        CHECK_THROWS("OUT_OF_MEMORY", device.c_str(), run(*none, request));
        CHECK_THROWS("OUT_OF_MEMORY", "keys and values", none->prefill(all[0], 1000, 200, kNotCancelled));
        // What is small enough still works.
        run(*none, {{{1, 2, 3}}, {{0, 3}}});
    }
}

TEST("device: names that are not there are explained") {
    const Model model;
    CHECK_THROWS("DEVICE_UNAVAILABLE", "no backend of that name", load_device(model.description, {"quantum:0", AttentionPath::Automatic, SIZE_MAX}));
}

TEST("device: buckets are nearly equal in length, within the budget, and hold every sequence that is asked for") {
    Random random(73);
    for (int round = 0; round < 200; round++) {
        Batch batch;
        const int count = random.integer(1, 30), budget = random.integer(1, 2000);
        int begin = 0;
        for (int i = 0; i < count; i++) {
            const int length = random.integer(1, 300);
            batch.lengths.push_back(length);
            if (random.integer(0, 3) > 0) batch.outputs.push_back({begin, begin + length});
            begin += length;
        }
        batch.tokens.assign(static_cast<size_t>(begin), 0);
        const BatchLayout layout(batch);
        std::vector<int> seen(static_cast<size_t>(count), 0);
        for (const LengthBucket & bucket : bucket_sequences(layout, 300, budget)) {
            CHECK(!bucket.sequences.empty() && bucket.length <= 300);
            CHECK(bucket.sequences.size() == 1 || static_cast<int>(bucket.sequences.size()) * bucket.length <= budget);
            for (const int index : bucket.sequences) {
                const BatchLayout::Sequence & s = layout.sequences[static_cast<size_t>(index)];
                CHECK(s.length <= bucket.length && (bucket.rows == 0 || s.query_count <= bucket.rows));
                CHECK(s.length * 4 >= bucket.length * 3 - 128 || bucket.length - s.length <= 16 + 31);
                seen[static_cast<size_t>(index)]++;
            }
        }
        for (size_t i = 0; i < seen.size(); i++) CHECK_EQUAL(seen[i], layout.sequences[i].query_count > 0 ? 1 : 0);
    }
}

TEST("device: one that fails is an error, and the process goes on") {
    const Model model;
    const std::string device = devices().front();
    const Request request{{{1, 2, 3}}, {{0, 3}}};
    auto engine = load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX});
    auto continuations = engine->prefill({1, 2, 3}, 2, 4, kNotCancelled);
    run(*engine, request);
    arm(Fault::Device, 0);
    // ggml_abort() is really called: the exception leaves through its frame.
    CHECK_THROWS("DEVICE_UNAVAILABLE", "a fault that a test called up", run(*engine, request));
    CHECK(disarm());
    CHECK_THROWS("DEVICE_UNAVAILABLE", "earlier", run(*engine, request));
    CHECK_THROWS("DEVICE_UNAVAILABLE", "earlier", engine->step({{continuations.get(), 0, 1, 0, 1}}, {}, kNotCancelled));
    CHECK_THROWS("DEVICE_UNAVAILABLE", "earlier", load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX}));
    run(*load_cpu(model.description), request);
    DeviceState::of(device)->forget_failure();
    continuations.reset();
    run(*engine, request);
}

TEST("device: memory that runs out at any point is an error or a smaller batch, and the next call works") {
    const Model model;
    const auto all = sequences(model.h().vocabulary_size, {60, 60, 60});
    const Request request{all, prefixes(all), Pooling::Mean, Representation::Logits};
    const std::string device = devices().front();
    const Result expected = run(*load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX}), request);
    int refused = 0, smaller = 0;
    for (long index = 0;; index++) {
        arm(Fault::DeviceMemory, index);
        bool done = false;
        std::unique_ptr<DeviceEngine> engine;
        try {
            engine = load_device(model.description, {device, AttentionPath::Automatic, SIZE_MAX});
            const Result found = run(*engine, request);
            for (size_t i = 0; i < request.ranges.size(); i++) CHECK(distance(found.row(i), expected.row(i)) <= tolerance(device, WeightType::F32));
            done = true;
        } catch (const Error & error) {
            CHECK_EQUAL(std::string(error.code()), "OUT_OF_MEMORY");
            refused++;
        }
        const bool happened = disarm();
        if (!happened) break;
        smaller += done;
        if (engine) CHECK(distance(run(*engine, request).row(0), expected.row(0)) <= tolerance(device, WeightType::F32));
    }
    CHECK(refused > 1 && smaller > 0);
}

TEST("device: each allocation on the heap in a load, a batch and a continuation") {
    const Model model;
    const auto all = sequences(model.h().vocabulary_size, {20, 30});
    const Request request{all, prefixes(all), Pooling::Mean, Representation::Logits};
    const auto work = [&] {
        const auto engine = load_device(model.description, {kCpuReference, AttentionPath::Automatic, SIZE_MAX});
        run(*engine, request);
        const auto continuations = engine->prefill({1, 2, 3}, 2, 4, kNotCancelled);
        engine->step({{continuations.get(), 0, 1, 0, 1}}, {}, kNotCancelled);
    };
    work();
    const GgmlMayLose loses;
    const Held before;
    long faults = 0;
    for (;; faults++) {
        arm(Fault::Heap, faults);
        try {
            work();
        } catch (const std::bad_alloc &) {
        } catch (const Error & error) {
            if (std::strcmp(error.code(), "OUT_OF_MEMORY") != 0) throw Failure{std::to_string(faults) + ": " + error.what()};
        }
        // Work may succeed all the same: what fails while something is freed is not told to anybody.
        if (!disarm()) break;
        CHECK_EQUAL(buffer_bytes(), before.buffers);
    }
    CHECK(faults > 100);
    count_faults("heap blocks on a device", faults);
}
