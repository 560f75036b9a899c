// Activations in int8, and their product with weights.
#pragma once

#include <math.h>

#include "int8_product.h"

namespace clmbr::kernels {
namespace {

// Groups whose largest magnitude is below are taken as zeros: 127 divided by it must be finite.
constexpr uint32_t kInt8Smallest = 0x0da24260;  // 1e-30
constexpr uint32_t kInfinityBits = 0x7f800000;

// Adding it rounds a number of a magnitude below 2^22 to an integer, ties to even, and leaves that in the low bits.
constexpr float kRoundingShift = 12582912.0f;

// Loops that compilers turn into vector instructions; every operation in them is exact or rounded once, so all give the same bytes.
inline void quantise_group(const float * x, int count, uint8_t * quants, float * scale) {
    // As integers, bit patterns of magnitudes are in the order of their values, and NaN is above all: no order of comparing matters.
    uint32_t largest = 0;
    for (int i = 0; i < count; i++) {
        const uint32_t magnitude = float_to_bits(x[i]) & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    if (largest >= kInfinityBits || largest < kInt8Smallest) {
        *scale = largest >= kInfinityBits ? NAN : 0.0f;
        memset(quants, kInt8Offset, static_cast<size_t>(count));
        return;
    }
    const float top = bits_to_float(largest), inverse = 127.0f / top;
    *scale = top / 127.0f;
    for (int i = 0; i < count; i++)
        quants[i] = static_cast<uint8_t>(float_to_bits(x[i] * inverse + kRoundingShift) + kInt8Offset);
}

void quantise(const float * x, int n, uint8_t * quants, float * scales) {
    int k = 0;
    for (; k + kInt8Group <= n; k += kInt8Group) quantise_group(x + k, kInt8Group, quants + k, scales++);
    if (k == n) return;
    quantise_group(x + k, n - k, quants + k, scales);
    memset(quants + n, kInt8Offset, static_cast<size_t>(k + kInt8Group - n));
}

}  // namespace
}  // namespace clmbr::kernels
