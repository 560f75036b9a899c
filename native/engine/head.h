// From hidden states to what was asked for: pooling, logits, the most probable next tokens. The same for every device, which only
// multiplies with the output matrix.
#pragma once

#include <atomic>
#include <functional>

#include "../kernels/kernels.h"
#include "batch.h"
#include "memory.h"
#include "thread_pool.h"

namespace clmbr {

struct HeadInput {
    const Hyperparameters & hyperparameters;
    const Batch & batch;
    const BatchLayout & layout;
    const kernels::Kernels & kernels;
    ThreadPool & pool;
    const std::atomic<bool> & cancelled;
    Buffer & memory;  // of the head alone; made larger as needed, and kept from pass to pass by its owner
    // Writes vocabulary_size logits of each of `count` hidden states, which lie `stride` floats apart, to its target.
    std::function<void(const float * hidden, size_t stride, int count, float * const * targets)> logits;
};

// Writes every output of the batch. `hidden` holds the rows of the pass [rows, hidden_size]. Logits are computed in chunks
// and only for rows that are asked for. Throws Error OUT_OF_MEMORY.
void write_outputs(const HeadInput & input, const float * hidden);

// Calls f(row, logits, worker) for every row of hidden states [rows, hidden_size], on the threads of the pool. `logits` are valid during the call.
void each_logits(const HeadInput & input, const float * hidden, int rows,
                 const std::function<void(int row, const float * logits, int worker)> & f);

}  // namespace clmbr
