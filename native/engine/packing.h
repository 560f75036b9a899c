// Between rows of a file and panels of the kernels.
#pragma once

#include "../kernels/layout.h"
#include "file.h"
#include "tensor_table.h"

namespace clmbr {

// Reads the 32 rows of `panel` and writes them as a panel (zeros for rows beyond the last). `scratch` holds 64 rows.
void read_panel(const File & file, const TensorEntry & tensor, int panel, uint8_t * scratch, uint8_t * target);

// One output's weights in F32.
void unpack_row(const kernels::PackedMatrix & matrix, int row, float * out);

}  // namespace clmbr
