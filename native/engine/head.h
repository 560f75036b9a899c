// From hidden states to what was asked for: pooling, logits, the most probable next tokens.
#pragma once

#include "cpu/workspace.h"

namespace clmbr {

// Writes every output of the batch. `hidden` holds the rows of the pass [rows, hidden_size]. Logits are computed in chunks
// and only for rows that are asked for. Throws Error OUT_OF_MEMORY.
void write_outputs(const cpu::Workspace & workspace, const float * hidden);

}  // namespace clmbr
