// The executor's clock in builds for benchmarks (CLMBR_OPERATOR_TIMES).
#pragma once

namespace clmbr {

// Told after every operator of a pass; bench/native/operators.cc has it.
void operator_done();

}  // namespace clmbr
