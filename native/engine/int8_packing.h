// Weights in int8: rows of a file to panels of kernels/layout.h.
//
// In each group of one output the scale is the largest magnitude divided by 127, unless two neighbours (inputs 2i and 2i + 1) of one
// sign add up to more: then their sum decides. So the positive quants of such a pair, and the negative ones, add up to at most 128, and
// with bytes of at most 255 to at most 32,640: what AVX2 adds up in 16 bits without saturation. The price is a scale about a quarter
// larger; a bit less for every weight would be the other way.
#pragma once

#include "file.h"
#include "tensor_table.h"

namespace clmbr {

// Like read_panel().
void read_int8_panel(const File & file, const TensorEntry & tensor, int panel, uint8_t * scratch, uint8_t * target);

// Writes the group of inputs [kInt8Group * group, ...) of one output, the column `column` of a panel. Inputs beyond `count` are zeros.
void pack_int8_group(const float * weights, int count, uint8_t * panel, int group, int column);

// One weight of a panel, in F32.
float int8_weight(const uint8_t * panel, int input, int column);

}  // namespace clmbr
