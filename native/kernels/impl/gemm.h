// Matrix product of activations with panels of packed weights.
//
// Every output element is one chain of fused multiply-adds over k in ascending order. How rows and panels are tiled, how
// many rows there are and which instruction set runs therefore cannot change a single bit of the result.
#pragma once

#include "../kernels.h"

namespace clmbr::kernels {
namespace {

// Readers of sixteen weights at input row k, columns [column, column + 16) of a panel.
struct F32Weights {
    const float * data;
    F32Weights(const uint8_t * rows) : data(reinterpret_cast<const float *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load(data + static_cast<size_t>(k) * kPanelWidth + column); }
    void prefetch(int k) const {
        __builtin_prefetch(data + static_cast<size_t>(k) * kPanelWidth, 0, 2);
        __builtin_prefetch(data + static_cast<size_t>(k) * kPanelWidth + 16, 0, 2);
    }
};

struct F16Weights {
    const uint16_t * data;
    F16Weights(const uint8_t * rows) : data(reinterpret_cast<const uint16_t *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load_f16(data + static_cast<size_t>(k) * kPanelWidth + column); }
    void prefetch(int k) const { __builtin_prefetch(data + static_cast<size_t>(k) * kPanelWidth, 0, 2); }
};

struct BF16Weights {
    const uint16_t * data;
    BF16Weights(const uint8_t * rows) : data(reinterpret_cast<const uint16_t *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load_bf16(data + static_cast<size_t>(k) * kPanelWidth + column); }
    void prefetch(int k) const { __builtin_prefetch(data + static_cast<size_t>(k) * kPanelWidth, 0, 2); }
};

// Quant times scale, rounded to F32 as a dequantised file would hold it.
struct Q8Weights {
    const uint8_t * data;
    Q8Weights(const uint8_t * rows) : data(rows) {}
    Vec16 load(int k, int column) const {
        const uint8_t * block = data + panel_offset(WeightType::Q8_0, static_cast<size_t>(k / kQ8Block) * kQ8Block);
        const int8_t * quants = reinterpret_cast<const int8_t *>(block) + (k % kQ8Block) * kPanelWidth;
        const uint16_t * scales = reinterpret_cast<const uint16_t *>(block + kQ8Block * kPanelWidth);
        return Vec16::load_i8(quants + column) * Vec16::load_f16(scales + column);
    }
    void prefetch(int k) const { __builtin_prefetch(data + static_cast<size_t>(k) * (kPanelWidth + 2), 0, 2); }
};

// How far ahead of their use weights are asked for, in input rows.
constexpr int kPrefetchRows = 16;

// Rows x (Vectors * 16) outputs, held in registers over the whole run of k.
template <int Rows, int Vectors, class Weights>
inline void micro_kernel(const float * a, size_t lda, Weights weights, int count, int column, float * c, size_t ldc,
                         bool accumulate) {
    Vec16 sum[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++)
            sum[r][v] = accumulate ? Vec16::load(c + r * ldc + column + v * 16) : Vec16::set1(0.0f);

    // Three rows a base pointer: the addresses base, base + lda and base + 2 lda need no further registers.
    const float * base[(Rows + 2) / 3];
#pragma GCC unroll 16
    for (int i = 0; i < (Rows + 2) / 3; i++) base[i] = a + 3 * i * lda;

    for (int k = 0; k < count; k++) {
        Vec16 w[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) w[v] = weights.load(k, column + v * 16);
        weights.prefetch(k + kPrefetchRows);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; r++) {
            const Vec16 x = Vec16::set1(base[r / 3][(r % 3) * lda + k]);
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; v++) sum[r][v] = fma(x, w[v], sum[r][v]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) sum[r][v].store(c + r * ldc + column + v * 16);
}

// Dispatches on the number of rows that are left, down to one.
template <int Rows, class Weights>
inline void row_tile(int rows, const float * a, size_t lda, Weights weights, int count, float * c, size_t ldc, bool accumulate) {
    if constexpr (Rows > 0) {
        if (rows == Rows) {
            for (int column = 0; column < kPanelWidth; column += 16 * Vec16::kVectors)
                micro_kernel<Rows, Vec16::kVectors>(a, lda, weights, count, column, c, ldc, accumulate);
        } else {
            row_tile<Rows - 1>(rows, a, lda, weights, count, c, ldc, accumulate);
        }
    }
}

template <class Weights>
inline void all_rows(const float * a, size_t lda, int rows, Weights weights, int count, float * c, size_t ldc, bool accumulate) {
    int r = 0;
    for (; r + Vec16::kRows <= rows; r += Vec16::kRows)
        row_tile<Vec16::kRows>(Vec16::kRows, a + r * lda, lda, weights, count, c + r * ldc, ldc, accumulate);
    if (r < rows) row_tile<Vec16::kRows - 1>(rows - r, a + r * lda, lda, weights, count, c + r * ldc, ldc, accumulate);
}

// Widening a panel once pays off when several tiles of rows read it.
template <class Weights>
inline void widen_or_stream(const float * a, size_t lda, int rows, Weights weights, int count, float * c, size_t ldc,
                            bool accumulate, float * unpacked) {
    if (rows <= 2 * Vec16::kRows) return all_rows(a, lda, rows, weights, count, c, ldc, accumulate);
    for (int k = 0; k < count; k++) {
        weights.prefetch(k + kPrefetchRows);
        for (int column = 0; column < kPanelWidth; column += 16)
            weights.load(k, column).store(unpacked + static_cast<size_t>(k) * kPanelWidth + column);
    }
    all_rows(a, lda, rows, F32Weights(reinterpret_cast<const uint8_t *>(unpacked)), count, c, ldc, accumulate);
}

void gemm_panel(const float * a, size_t lda, int rows, const PackedMatrix & weights, int panel, int k0, int k1, float * c,
                size_t ldc, bool accumulate, float * unpacked) {
    const uint8_t * data = weights.panel(panel) + panel_offset(weights.type, k0);
    const int count = k1 - k0;
    a += k0;
    switch (weights.type) {
        case WeightType::F32: return all_rows(a, lda, rows, F32Weights(data), count, c, ldc, accumulate);
        case WeightType::F16: return widen_or_stream(a, lda, rows, F16Weights(data), count, c, ldc, accumulate, unpacked);
        case WeightType::BF16: return widen_or_stream(a, lda, rows, BF16Weights(data), count, c, ldc, accumulate, unpacked);
        case WeightType::Q8_0: return widen_or_stream(a, lda, rows, Q8Weights(data), count, c, ldc, accumulate, unpacked);
        case WeightType::Int8: return;  // gemm_int8
    }
}

}  // namespace
}  // namespace clmbr::kernels
