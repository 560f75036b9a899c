// One forward pass over sequences of different lengths, packed end to end without padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hyperparameters.h"

namespace clmbr {

enum class Pooling : uint8_t { Last, Mean, Max };

// What a pass writes for each output.
enum class Representation : uint8_t {
    Hidden,  // hidden_size floats, after the final norm
    Logits,  // vocabulary_size floats
    Next,    // the most probable next tokens and their log-probabilities, then the log-probabilities of sets of tokens
    Score,   // of the token that really follows: its log-probability; its rank (1: none is more probable) and the most probable one
};

struct Output {
    int begin = 0;  // tokens of the batch that count, all of one sequence
    int end = 0;
    float * values = nullptr;  // value_width() floats
    int32_t * ids = nullptr;   // id_width() integers
};

struct Batch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> lengths;  // tokens of each sequence; each >= 1
    std::vector<Output> outputs;   // `begin` never falls from one output to the next, `end` neither where begins are equal
    Pooling pooling = Pooling::Last;
    Representation representation = Representation::Hidden;
    int top = 0;                                 // of Next
    std::vector<std::vector<int32_t>> targets;  // of Next

    size_t value_width(const Hyperparameters & h) const;
    size_t id_width() const;
};

// Throws Error INVALID_ARGUMENT unless every token, length and output lies in its range.
void check_batch(const Batch & batch, const Hyperparameters & h);

// What follows from a batch: where each row belongs, and which rows the last layer has to compute.
struct BatchLayout {
    struct Sequence {
        int begin, length;
        int padded_begin;  // in keys and values, where each sequence takes a multiple of 32 rows
        int query_begin, query_count;  // its rows among `rows`
    };

    explicit BatchLayout(const Batch & batch);

    // A step of generation: one token each at these positions, all of whose states are asked for.
    explicit BatchLayout(const std::vector<int32_t> & step_positions);

    int tokens = 0;
    int padded_tokens = 0;
    std::vector<Sequence> sequences;
    std::vector<int32_t> positions;      // of each token in its sequence
    std::vector<int32_t> rows;           // tokens whose last hidden state is asked for, ascending
    std::vector<int32_t> row_positions;  // of these
    bool all_rows() const { return static_cast<int>(rows.size()) == tokens; }
};

}  // namespace clmbr
