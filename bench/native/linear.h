#pragma once

#include <vector>

#include "kernels/layout.h"

namespace clmbr::bench {

struct Shape {
    int outputs, inputs;
};

// GFLOP/s of our matrix product as the operators call it, weights packed, the result copied to where it belongs. `kernels`
// names an instruction set, or is null for the best.
double linear_gflops(const char * kernels, kernels::WeightType type, const Shape & shape, int rows, int threads);

}  // namespace clmbr::bench
