// Sixteen sums of products of bytes, without vector instructions: the reference, and what a compiler makes of it for NEON.
#pragma once

#include <stdint.h>
#include <string.h>

#include "layout.h"

namespace clmbr::kernels {
// Local to the file that includes it, after its Vec16.
namespace {

// Four inputs of one row, for every output.
struct Activations {
    const uint8_t * quants;
    static Activations load(const uint8_t * p) { return {p}; }
};

// Four inputs of sixteen outputs: [output][4].
struct Weights {
    const int8_t * quants;
    static Weights load(const uint8_t * p) { return {reinterpret_cast<const int8_t *>(p)}; }
};

struct Int32x16 {
    int32_t lane[16];

    // Accumulators that a micro-kernel holds: rows x vectors.
    static constexpr int kRows = 4;
    static constexpr int kVectors = 1;

    // The sums that products with offset activations begin at.
    static Int32x16 begin(const int16_t * negative_sums) {
        Int32x16 r;
        for (int i = 0; i < 16; i++) r.lane[i] = negative_sums[i] * kInt8Offset;
        return r;
    }
    Vec16 to_float() const {
        float values[16];
        for (int i = 0; i < 16; i++) values[i] = static_cast<float>(lane[i]);
        return Vec16::load(values);
    }
};

// The sum and the products of four inputs.
inline Int32x16 dot(Activations a, Weights w, const Int32x16 & sum) {
    Int32x16 r;
    for (int i = 0; i < 16; i++) {
        r.lane[i] = sum.lane[i];
        for (int j = 0; j < 4; j++) r.lane[i] += a.quants[j] * w.quants[4 * i + j];
    }
    return r;
}

}  // namespace
}  // namespace clmbr::kernels
