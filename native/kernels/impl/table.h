// Included once by the file of each instruction set, after its Vec16.
#pragma once

#include "attention.h"
#include "elementwise.h"
#include "gemm.h"
#include "int8.h"

namespace clmbr::kernels {
namespace {

constexpr Kernels make_table(const char * name) {
    return Kernels{name, gemm_panel, quantise, gemm_int8, rms_norm, silu_mul, add, rotate, attention, log_sum_exp, softmax_weights, widen};
}

}  // namespace
}  // namespace clmbr::kernels
