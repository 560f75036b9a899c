#pragma once

#include <string>
#include <vector>

#include "kernels/layout.h"

namespace clmbr::bench {

struct OperatorTime {
    std::string name;
    double seconds;    // in the fastest of several passes
    double operations;  // multiplications and additions
};

// Where the time of one sequence goes (`last` pooling, F32, the released shape, weights that are all zero: products take as long with any
// numbers that are not denormal), by operator over all layers.
std::vector<OperatorTime> operator_times(const char * kernels, int length, int threads);

}  // namespace clmbr::bench
