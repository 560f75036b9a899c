// Weights have to be numbers: one NaN or infinity makes every result that it reaches meaningless.
#pragma once

#include "tensor_table.h"

namespace clmbr {

// Throws Error UNSUPPORTED_MODEL unless all weights of `count` rows, as the file has them, are finite.
void check_finite(const TensorEntry & tensor, const uint8_t * rows, uint64_t count);

}  // namespace clmbr
