// What a pass writes for its outputs: pooled states, logits, the most probable tokens.
#include <algorithm>

#include "../engine/file.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

struct Fixture {
    Model model;
    std::unique_ptr<Executor> executor;
    std::vector<int32_t> tokens;
    Result hidden, logits;  // of each token

    explicit Fixture(int count, const ModelOptions & options = {}) : model(options), executor(load(model.description, 3)) {
        Random random(50);
        tokens = random_tokens(random, count, options.vocabulary);
        hidden = ask(every_token(count), Pooling::Last, Representation::Hidden);
        logits = ask(every_token(count), Pooling::Last, Representation::Logits);
    }
    Result ask(const std::vector<Range> & ranges, Pooling pooling, Representation representation, int top = 0) {
        return run(*executor, {{tokens}, ranges, pooling, representation, top});
    }
};

const std::vector<Range> kRanges = {{0, 1}, {0, 7}, {0, 40}, {3, 4}, {3, 30}, {10, 40}, {39, 40}};

// The largest of each column of rows [begin, end).
std::vector<float> maximum(const Result & rows, Range range) {
    std::vector<float> result = rows.row(static_cast<size_t>(range.begin));
    for (int i = range.begin; i < range.end; i++)
        for (size_t k = 0; k < result.size(); k++) result[k] = std::max(result[k], rows.row(static_cast<size_t>(i))[k]);
    return result;
}

void check_top(const std::vector<float> & logits, const std::vector<int32_t> & ids, const std::vector<float> & values) {
    double sum = 0;
    for (const float x : logits) sum += std::exp(static_cast<double>(x));
    std::vector<int32_t> order(logits.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = static_cast<int32_t>(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](int32_t a, int32_t b) { return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)]; });
    for (size_t i = 0; i < ids.size(); i++) {
        CHECK_EQUAL(ids[i], order[i]);
        CHECK(is_close(values[i], logits[static_cast<size_t>(ids[i])] - std::log(sum), 1e-6, 2e-6));
    }
}

}  // namespace

TEST("outputs: last is the last token of the range") {
    Fixture f(40);
    for (const Representation representation : {Representation::Hidden, Representation::Logits}) {
        const Result & each = representation == Representation::Hidden ? f.hidden : f.logits;
        const Result last = f.ask(kRanges, Pooling::Last, representation);
        for (size_t i = 0; i < kRanges.size(); i++) CHECK(same_bits(last.row(i), each.row(static_cast<size_t>(kRanges[i].end) - 1)));
    }
}

TEST("outputs: mean and maximum of hidden states") {
    Fixture f(40);
    const Result mean = f.ask(kRanges, Pooling::Mean, Representation::Hidden), most = f.ask(kRanges, Pooling::Max, Representation::Hidden);
    for (size_t i = 0; i < kRanges.size(); i++) {
        CHECK(same_bits(most.row(i), maximum(f.hidden, kRanges[i])));
        for (size_t k = 0; k < mean.width; k++) {
            double sum = 0;
            for (int t = kRanges[i].begin; t < kRanges[i].end; t++) sum += static_cast<double>(f.hidden.row(static_cast<size_t>(t))[k]);
            CHECK_EQUAL(mean.row(i)[k], static_cast<float>(sum / (kRanges[i].end - kRanges[i].begin)));
        }
    }
}

TEST("outputs: mean and maximum of logits") {
    Fixture f(40);
    const Result mean = f.ask(kRanges, Pooling::Mean, Representation::Logits), most = f.ask(kRanges, Pooling::Max, Representation::Logits);
    for (size_t i = 0; i < kRanges.size(); i++) {
        CHECK(same_bits(most.row(i), maximum(f.logits, kRanges[i])));
        for (size_t k = 0; k < mean.width; k++) {
            double sum = 0;
            for (int t = kRanges[i].begin; t < kRanges[i].end; t++) sum += static_cast<double>(f.logits.row(static_cast<size_t>(t))[k]);
            CHECK(is_close(mean.row(i)[k], sum / (kRanges[i].end - kRanges[i].begin), 1e-5, 1e-5));
        }
    }
}

TEST("outputs: the most probable tokens, in order, with their log-probabilities") {
    Fixture f(40);
    for (const int top : {1, 2, 10, 50}) {
        const Result result = f.ask(every_token(40), Pooling::Last, Representation::Next, top);
        for (size_t i = 0; i < 40; i++) check_top(f.logits.row(i), result.id_row(i), result.row(i));
    }
}

TEST("outputs: equal logits are ordered by id") {
    ModelOptions options;
    options.layers = 1;
    Fixture f(1, options);
    // A zero embedding gives zero states and with them the same logit for every token.
    const TensorEntry embedding = f.model.description.tensors[0];
    std::vector<uint8_t> bytes(f.model.description.file_size);
    { const File file(f.model.description.path); file.read(0, bytes.data(), bytes.size()); }
    std::fill_n(bytes.begin() + static_cast<long>(embedding.offset), embedding.bytes, uint8_t(0));
    write_bytes(f.model.description.path, bytes);
    f.model.description.key += " changed";
    const Result result = run(*load(f.model.description), {{{4, 2}}, {{0, 2}}, Pooling::Last, Representation::Next, 50});
    for (int i = 0; i < 50; i++) {
        CHECK_EQUAL(result.ids[static_cast<size_t>(i)], i);
        CHECK(is_close(result.values[static_cast<size_t>(i)], -std::log(50.0), 1e-6, 0));
    }
}

TEST("outputs: any number of them, whole chunks of logits too") {
    Fixture f(200);
    for (const int count : {1, 63, 64, 65, 127, 128, 129, 192, 200}) {
        std::vector<Range> ranges = every_token(count);
        const Result logits = f.ask(ranges, Pooling::Last, Representation::Logits), top = f.ask(ranges, Pooling::Last, Representation::Next, 3);
        for (size_t i = 0; i < ranges.size(); i++) {
            CHECK_IN(same_bits(logits.row(i), f.logits.row(i)), std::to_string(count));
            check_top(f.logits.row(i), top.id_row(i), top.row(i));
        }
        const Result most = f.ask({{0, count}}, Pooling::Max, Representation::Logits);
        CHECK(same_bits(most.values, maximum(f.logits, {0, count})));
    }
}

TEST("outputs: a vocabulary so large that few rows of logits fit a chunk") {
    ModelOptions options;
    options.hidden_size = 4, options.layers = 1, options.heads = options.kv_heads = 1, options.head_size = 8, options.feed_forward = 4;
    options.vocabulary = 1 << 20, options.embedding_type = kernels::WeightType::F16, options.tied = true;
    const Model model(options);
    const auto executor = load(model.description);
    Random random(51);
    const std::vector<int32_t> tokens = random_tokens(random, 34, options.vocabulary);
    const Result hidden = run(*executor, {{tokens}, every_token(34)});
    const Result top = run(*executor, {{tokens}, every_token(34), Pooling::Last, Representation::Next, 2});
    for (const size_t i : {size_t(16), size_t(33)}) {
        const std::vector<float> row = hidden.row(i);
        const std::vector<double> logits = model.logits(std::vector<double>(row.begin(), row.end()));
        double sum = 0;
        for (const double x : logits) sum += std::exp(x);
        CHECK(is_close(top.row(i)[0], *std::max_element(logits.begin(), logits.end()) - std::log(sum), 1e-5, 1e-5));
    }
}
