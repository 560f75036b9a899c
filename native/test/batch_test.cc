// Batches that would reach beyond their memory are refused.
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

Hyperparameters limits() {
    Hyperparameters h;
    h.context_length = 10;
    h.vocabulary_size = 50;
    h.hidden_size = 4;
    return h;
}

float values[64];

Batch valid() {
    Batch batch;
    batch.tokens = {0, 49, 3, 4, 5, 6};
    batch.lengths = {2, 1, 3};
    batch.outputs = {{0, 1, values, nullptr}, {0, 2, values, nullptr}, {2, 3, values, nullptr}, {4, 6, values, nullptr}};
    return batch;
}

template <class F>
void check_refused(const char * words, F change) {
    Batch batch = valid();
    change(batch);
    CHECK_THROWS("INVALID_ARGUMENT", words, check_batch(batch, limits()));
}

}  // namespace

TEST("batch: good ones are taken") {
    check_batch(valid(), limits());
    Batch batch = valid();
    batch.outputs.clear();
    check_batch(batch, limits());
    batch.representation = Representation::Next;
    for (const int top : {1, 50}) {
        batch.top = top;
        check_batch(batch, limits());
    }
    batch.tokens.assign(10, 1);
    batch.lengths = {10};
    check_batch(batch, limits());
}

TEST("batch: tokens and lengths out of range") {
    check_refused("token ids below 50", [](Batch & b) { b.tokens[1] = 50; });
    check_refused("token ids below 50", [](Batch & b) { b.tokens[5] = -1; });
    check_refused("1 to 16,777,216 tokens", [](Batch & b) { b.tokens.clear(), b.lengths.clear(), b.outputs.clear(); });
    check_refused("found 0", [](Batch & b) { b.lengths = {2, 0, 1, 3}; });
    check_refused("found -1", [](Batch & b) { b.lengths = {2, -1, 2, 3}; });
    check_refused("found 11", [](Batch & b) { b.tokens.assign(11, 1), b.lengths = {11}; });
    check_refused("add up", [](Batch & b) { b.lengths = {2, 1}; });
    check_refused("add up", [](Batch & b) { b.lengths = {2, 1, 4}; });
    check_refused("add up", [](Batch & b) { b.lengths.clear(); });
}

TEST("batch: outputs out of range or order") {
    check_refused("at least one token", [](Batch & b) { b.outputs[0] = {0, 0, values, nullptr}; });
    check_refused("at least one token", [](Batch & b) { b.outputs[0] = {-1, 1, values, nullptr}; });
    check_refused("at least one token", [](Batch & b) { b.outputs[3] = {5, 7, values, nullptr}; });
    check_refused("at least one token", [](Batch & b) { b.outputs[3] = {6, 6, values, nullptr}; });
    check_refused("at least one token", [](Batch & b) { b.outputs[3] = {5, 4, values, nullptr}; });
    check_refused("in one sequence", [](Batch & b) { b.outputs[1] = {1, 3, values, nullptr}; });
    check_refused("in one sequence", [](Batch & b) { b.outputs[2] = {2, 4, values, nullptr}; });
    check_refused("ascending", [](Batch & b) { std::swap(b.outputs[0], b.outputs[1]); });
    check_refused("ascending", [](Batch & b) { std::swap(b.outputs[2], b.outputs[3]); });
    for (const int top : {INT32_MIN, -1, 0, 51})
        check_refused("top", [=](Batch & b) { b.representation = Representation::Next, b.top = top; });
}

TEST("batch: the executor checks what it is given") {
    const Model model;
    const auto executor = load(model.description);
    CHECK_THROWS("INVALID_ARGUMENT", "token ids", run(*executor, {{{50}}, {{0, 1}}}));
    CHECK_THROWS("INVALID_ARGUMENT", "one sequence", run(*executor, {{{1}, {2}}, {{0, 2}}}));
}

TEST("batch: its layout says which rows the last layer computes") {
    Batch batch = valid();
    const BatchLayout last(batch);
    CHECK(last.rows == (std::vector<int32_t>{0, 1, 2, 5}));
    CHECK(last.row_positions == (std::vector<int32_t>{0, 1, 0, 2}));
    CHECK(last.positions == (std::vector<int32_t>{0, 1, 0, 0, 1, 2}));
    CHECK_EQUAL(last.padded_tokens, 96);
    CHECK(!last.all_rows());
    batch.pooling = Pooling::Mean;
    CHECK(BatchLayout(batch).rows == (std::vector<int32_t>{0, 1, 2, 4, 5}));
    batch.outputs[3].begin = 3;
    CHECK(BatchLayout(batch).all_rows());
}
