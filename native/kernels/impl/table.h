// Included once by the file of each instruction set, after its Vec16.
#pragma once

#include "attention.h"
#include "elementwise.h"
#include "gemm.h"

namespace clmbr::kernels {
namespace {

constexpr Kernels make_table(const char * name) {
    return Kernels{name, gemm_panel, rms_norm, silu_mul, add, rotate, attention, log_sum_exp, softmax_weights, widen};
}

}  // namespace
}  // namespace clmbr::kernels
