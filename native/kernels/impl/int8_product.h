// Matrix product in int8: activations that are quantised row by row with panels of Int8 weights.
//
// A group's sum of products is an exact integer, whatever the order. What follows is one chain of fused multiply-adds over the groups
// in ascending order. How rows and panels are tiled and which instruction set runs therefore cannot change a single bit.
#pragma once

#include "../kernels.h"

namespace clmbr::kernels {
namespace {

// How far ahead of their use weights are asked for, in bytes: what a single row waits for is memory.
constexpr size_t kInt8Prefetch = 1024;

// Compilers keep the sums of a function of its own in registers; inside a further loop they do not.
#if defined(_MSC_VER)
#define CLMBR_NOINLINE __declspec(noinline)
#else
#define CLMBR_NOINLINE __attribute__((noinline))
#endif

// One group of Rows x (Vectors * 16) outputs: `group` and `scales` are those of the group, `quants` begins with it.
template <int Rows, int Vectors>
CLMBR_NOINLINE void int8_micro_kernel(const uint8_t * quants, size_t stride, const float * row_scales, size_t scale_stride,
                                      const uint8_t * group, int column, float * c, size_t ldc, bool accumulate) {
    const uint16_t * scales = reinterpret_cast<const uint16_t *>(group + kInt8ScaleOffset) + column;
    const int16_t * sums = reinterpret_cast<const int16_t *>(group + kInt8SumOffset) + column;
    Int32x16 sum[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) sum[r][v] = Int32x16::begin(sums + v * 16);

    // Three rows a base pointer: the addresses base, base + stride and base + 2 stride need no further registers.
    const uint8_t * base[(Rows + 2) / 3];
#pragma GCC unroll 16
    for (int i = 0; i < (Rows + 2) / 3; i++) base[i] = quants + 3 * i * stride;

    const uint8_t * weights = group + column * 4;
    for (int k = 0; k < kInt8Group; k += 4) {
        Weights w[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) {
            w[v] = Weights::load(weights + static_cast<size_t>(k) * kPanelWidth + v * 64);
            __builtin_prefetch(weights + static_cast<size_t>(k) * kPanelWidth + v * 64 + kInt8Prefetch, 0, 2);
        }
#pragma GCC unroll 16
        for (int r = 0; r < Rows; r++) {
            const Activations x = Activations::load(base[r / 3] + (r % 3) * stride + k);
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; v++) sum[r][v] = dot(x, w[v], sum[r][v]);
        }
    }

    Vec16 weight_scales[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) weight_scales[v] = Vec16::load_bf16(scales + v * 16);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; r++) {
        const Vec16 scale = Vec16::set1(row_scales[static_cast<size_t>(r) * scale_stride]);
        float * target = c + static_cast<size_t>(r) * ldc + column;
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) {
            const Vec16 before = accumulate ? Vec16::load(target + v * 16) : Vec16::set1(0.0f);
            fma(sum[r][v].to_float(), weight_scales[v] * scale, before).store(target + v * 16);
        }
    }
}

template <int Rows>
inline void int8_rows(int rows, const QuantisedRows & a, const uint8_t * panel, int g0, int g1, float * c, size_t ldc, bool accumulate) {
    if constexpr (Rows > 0) {
        if (rows == Rows) {
            for (int g = g0; g < g1; g++)
                for (int column = 0; column < kPanelWidth; column += 16 * Int32x16::kVectors)
                    int8_micro_kernel<Rows, Int32x16::kVectors>(a.quants + static_cast<size_t>(g) * kInt8Group, a.stride, a.scales + g,
                                                                a.scale_stride, panel + static_cast<size_t>(g) * kInt8GroupBytes, column,
                                                                c, ldc, accumulate || g > g0);
        } else {
            int8_rows<Rows - 1>(rows, a, panel, g0, g1, c, ldc, accumulate);
        }
    }
}

void gemm_int8(const QuantisedRows & a, int rows, const PackedMatrix & weights, int panel, int g0, int g1, float * c, size_t ldc,
               bool accumulate) {
    constexpr int kRows = Int32x16::kRows;
    const uint8_t * data = weights.panel(panel);
    int r = 0;
    for (; r + kRows <= rows; r += kRows)
        int8_rows<kRows>(kRows, a.from(static_cast<size_t>(r)), data, g0, g1, c + static_cast<size_t>(r) * ldc, ldc, accumulate);
    if (r < rows)
        int8_rows<kRows - 1>(rows - r, a.from(static_cast<size_t>(r)), data, g0, g1, c + static_cast<size_t>(r) * ldc, ldc, accumulate);
}

}  // namespace
}  // namespace clmbr::kernels
