// From hidden states to what was asked for: pooling, logits, the most probable next tokens.
#pragma once

#include <functional>

#include "cpu/workspace.h"

namespace clmbr {

// Writes every output of the batch. `hidden` holds the rows of the pass [rows, hidden_size]. Logits are computed in chunks
// and only for rows that are asked for. Throws Error OUT_OF_MEMORY.
void write_outputs(const cpu::Workspace & workspace, const float * hidden);

// Calls f(row, logits, worker) for every row of hidden states [rows, hidden_size], on the threads of the pool. `logits` are valid during the call.
void each_logits(const cpu::Workspace & workspace, const float * hidden, int rows,
                 const std::function<void(int row, const float * logits, int worker)> & f);

}  // namespace clmbr
