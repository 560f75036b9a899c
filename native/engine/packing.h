// Between rows of a file and panels of the kernels.
#pragma once

#include <functional>

#include "../kernels/layout.h"
#include "file.h"
#include "tensor_table.h"

namespace clmbr {

// Where row `row` of the checkpoint lies in the file. llama.cpp interleaves the two halves of a head, which its rotation
// pairs up; ours pairs element i with i + half, as the checkpoint has it.
int file_row(const TensorEntry & tensor, int row);

// Reads the 32 rows of `panel` and writes them as a panel (zeros for rows beyond the last). `scratch` holds 64 rows.
void read_panel(const File & file, const TensorEntry & tensor, int panel, uint8_t * scratch, uint8_t * target);

// The same without packing: calls use(rows, first, count) with the rows of the panel's outputs first, first + 1, ... as the file has them.
void read_rows(const File & file, const TensorEntry & tensor, int panel, uint8_t * scratch,
               const std::function<void(const uint8_t * const * rows, int first, int count)> & use);

// One output's weights in F32.
void unpack_row(const kernels::PackedMatrix & matrix, int row, float * out);

}  // namespace clmbr
