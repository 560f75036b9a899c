#include "batch.h"

#include <algorithm>
#include <string>

#include "../kernels/layout.h"
#include "error.h"

namespace clmbr {

size_t Batch::value_width(const Hyperparameters & h) const {
    switch (representation) {
        case Representation::Hidden: return static_cast<size_t>(h.hidden_size);
        case Representation::Logits: return static_cast<size_t>(h.vocabulary_size);
        case Representation::Next: return static_cast<size_t>(top) + targets.size();
        case Representation::Score: return 1;
    }
    return 0;
}

size_t Batch::id_width() const {
    return representation == Representation::Next ? static_cast<size_t>(top) : representation == Representation::Score ? 2 : 0;
}

void check_batch(const Batch & batch, const Hyperparameters & h) {
    const auto require = [](bool holds, const std::string & what) {
        if (!holds) throw Error("INVALID_ARGUMENT", what);
    };
    require(!batch.tokens.empty() && batch.tokens.size() <= (1u << 24), "Expected 1 to 16,777,216 tokens in a batch.");
    for (const int32_t token : batch.tokens)
        require(token >= 0 && token < h.vocabulary_size, "Expected token ids below " + std::to_string(h.vocabulary_size) + ".");
    size_t total = 0;
    for (const int32_t length : batch.lengths) {
        require(length >= 1 && length <= h.context_length,
                "Expected sequences of 1 to " + std::to_string(h.context_length) + " tokens, found " + std::to_string(length) + ".");
        total += static_cast<size_t>(length);
    }
    require(total == batch.tokens.size(), "Expected the lengths of a batch to add up to its tokens.");
    if (batch.representation == Representation::Next) {
        require(batch.top >= 0 && batch.top <= h.vocabulary_size && static_cast<size_t>(batch.top) + batch.targets.size() > 0,
                "Expected top between 0 and the size of the vocabulary, or targets.");
        for (const auto & target : batch.targets)
            for (const int32_t token : target)
                require(token >= 0 && token < h.vocabulary_size, "Expected token ids below " + std::to_string(h.vocabulary_size) + " in targets.");
    }
    const int follower = batch.representation == Representation::Score ? 1 : 0;

    size_t sequence = 0;
    int begin = 0, previous_begin = 0, previous_end = 0;
    for (const Output & output : batch.outputs) {
        require(output.begin >= 0 && output.begin < output.end && output.end <= static_cast<int>(batch.tokens.size()),
                "Expected outputs to cover at least one token of the batch.");
        require(output.begin > previous_begin || (output.begin == previous_begin && output.end >= previous_end),
                "Expected outputs in ascending order.");
        while (output.begin >= begin + batch.lengths[sequence]) begin += batch.lengths[sequence++];
        require(output.end + follower <= begin + batch.lengths[sequence], "Expected each output, and what it scores, to lie in one sequence.");
        previous_begin = output.begin;
        previous_end = output.end;
    }
}

BatchLayout::BatchLayout(const Batch & batch) : tokens(static_cast<int>(batch.tokens.size())) {
    positions.resize(batch.tokens.size());
    int begin = 0;
    for (const int32_t length : batch.lengths) {
        sequences.push_back({begin, length, padded_tokens, 0, 0});
        for (int i = 0; i < length; i++) positions[static_cast<size_t>(begin + i)] = i;
        begin += length;
        padded_tokens += static_cast<int>(kernels::round_up(static_cast<size_t>(length), kernels::kPanelWidth));
    }
    std::vector<char> wanted(batch.tokens.size(), 0);
    for (const Output & output : batch.outputs) {
        const int first = batch.pooling == Pooling::Last ? output.end - 1 : output.begin;
        std::fill(wanted.begin() + first, wanted.begin() + output.end, 1);
    }
    for (Sequence & s : sequences) {
        s.query_begin = static_cast<int>(rows.size());
        for (int i = s.begin; i < s.begin + s.length; i++) {
            if (!wanted[static_cast<size_t>(i)]) continue;
            rows.push_back(i);
            row_positions.push_back(i - s.begin);
        }
        s.query_count = static_cast<int>(rows.size()) - s.query_begin;
    }
}

BatchLayout::BatchLayout(const std::vector<int32_t> & step_positions)
    : tokens(static_cast<int>(step_positions.size())), positions(step_positions), row_positions(step_positions) {
    for (int i = 0; i < tokens; i++) rows.push_back(i);
}

}  // namespace clmbr
