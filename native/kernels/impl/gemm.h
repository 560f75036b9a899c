// Matrix product of activations with panels of packed weights.
//
// Every output element is one chain of fused multiply-adds over k in ascending order. How rows and panels are tiled, how
// many rows there are and which instruction set runs therefore cannot change a single bit of the result.
#pragma once

#include <type_traits>

#include "../kernels.h"

namespace clmbr::kernels {
namespace {

// Readers of sixteen weights at input row k, columns [column, column + 16) of a panel. kRowBytes: what an input row takes in memory.
struct F32Weights {
    static constexpr size_t kRowBytes = kPanelWidth * 4;
    const float * data;
    F32Weights(const uint8_t * rows) : data(reinterpret_cast<const float *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load(data + static_cast<size_t>(k) * kPanelWidth + column); }
};

struct F16Weights {
    static constexpr size_t kRowBytes = kPanelWidth * 2;
    const uint16_t * data;
    F16Weights(const uint8_t * rows) : data(reinterpret_cast<const uint16_t *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load_f16(data + static_cast<size_t>(k) * kPanelWidth + column); }
};

struct BF16Weights {
    static constexpr size_t kRowBytes = kPanelWidth * 2;
    const uint16_t * data;
    BF16Weights(const uint8_t * rows) : data(reinterpret_cast<const uint16_t *>(rows)) {}
    Vec16 load(int k, int column) const { return Vec16::load_bf16(data + static_cast<size_t>(k) * kPanelWidth + column); }
};

// Quant times scale, rounded to F32 as a dequantised file would hold it.
struct Q8Weights {
    static constexpr size_t kRowBytes = kPanelWidth + 2;
    const uint8_t * data;
    Q8Weights(const uint8_t * rows) : data(rows) {}
    Vec16 load(int k, int column) const {
        const uint8_t * block = data + panel_offset(WeightType::Q8_0, static_cast<size_t>(k / kQ8Block) * kQ8Block);
        const int8_t * quants = reinterpret_cast<const int8_t *>(block) + (k % kQ8Block) * kPanelWidth;
        const uint16_t * scales = reinterpret_cast<const uint16_t *>(block + kQ8Block * kPanelWidth);
        return Vec16::load_i8(quants + column) * Vec16::load_f16(scales + column);
    }
};

// What is asked for while a product runs, to have left the memory when its turn comes: with each input row `step` bytes.
struct Ahead {
    const uint8_t * at;
    size_t step;

    template <bool Wide>
    void ask(int k) const {
        const uint8_t * p = at + static_cast<size_t>(k) * step;
        __builtin_prefetch(p, 0, 2);
        if constexpr (Wide) __builtin_prefetch(p + 64, 0, 2);
    }
};

// How far ahead of their use weights are asked for that are read once, in input rows.
constexpr int kAheadRows = 16;

// Input rows that all tiles of rows pass over, one after the other, before the next ones: in a cache by then. While they do, the next
// ones are asked for, evenly, so that the memory never waits for the cores, nor they for it. Each chunk costs loads and stores of the
// results, and few tiles need the memory the most: theirs are short. Whole blocks of Q8_0.
constexpr int kChunkRows = 64;
constexpr int kLongChunkRows = kInputBlock;
constexpr int kFewTiles = 4;

// Up to so many tiles read weights of other types as they are; more get them widened once.
constexpr int kDirectTiles = 2;

// Rows x (Vectors * 16) outputs, held in registers over the whole run of k.
template <int Rows, int Vectors, bool Wide, class Weights>
inline void micro_kernel(const float * a, size_t lda, Weights weights, int count, int column, float * c, size_t ldc,
                         bool accumulate, Ahead ahead) {
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
        ahead.ask<Wide>(k);
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

constexpr int kColumnPasses = kPanelWidth / (16 * Vec16::kVectors);

// Dispatches on the number of rows that are left, down to one. `ahead` is of the first pass over columns, each asks for `next` bytes more.
template <int Rows, bool Wide, class Weights>
inline void row_tile(int rows, const float * a, size_t lda, Weights weights, int count, float * c, size_t ldc, bool accumulate,
                     Ahead ahead, size_t next) {
    if constexpr (Rows > 0) {
        if (rows == Rows) {
            for (int pass = 0; pass < kColumnPasses; pass++) {
                micro_kernel<Rows, Vec16::kVectors, Wide>(a, lda, weights, count, pass * 16 * Vec16::kVectors, c, ldc, accumulate, ahead);
                ahead.at += next;
            }
        } else {
            row_tile<Rows - 1, Wide>(rows, a, lda, weights, count, c, ldc, accumulate, ahead, next);
        }
    }
}

// One tile of rows: the weights are read once, as they are.
template <class Weights>
inline void stream_rows(const float * a, size_t lda, int rows, Weights weights, int count, float * c, size_t ldc, bool accumulate) {
    constexpr bool wide = Weights::kRowBytes / kColumnPasses > 64;
    const Ahead ahead{reinterpret_cast<const uint8_t *>(weights.data) + kAheadRows * Weights::kRowBytes, Weights::kRowBytes};
    row_tile<Vec16::kRows, wide>(rows, a, lda, weights, count, c, ldc, accumulate, ahead, Weights::kRowBytes / kColumnPasses);
}

// Several tiles that pass over the same weights, asking for the `bytes` from `next` on meanwhile.
template <class Weights>
inline void tiled_rows(const float * a, size_t lda, int rows, Weights weights, int count, float * c, size_t ldc, bool accumulate,
                       const uint8_t * next, size_t bytes) {
    const int tiles = (rows + Vec16::kRows - 1) / Vec16::kRows;
    const size_t share = bytes / static_cast<size_t>(tiles * kColumnPasses);
    Ahead ahead{next, share / static_cast<size_t>(count)};
    for (int r = 0; r < rows; r += Vec16::kRows) {
        const int tile = rows - r < Vec16::kRows ? rows - r : Vec16::kRows;
        row_tile<Vec16::kRows, false>(tile, a + r * lda, lda, weights, count, c + r * ldc, ldc, accumulate, ahead, share);
        ahead.at += share * kColumnPasses;
    }
}

// Widens the weights of input rows [0, count).
template <class Weights>
inline void widen_rows(Weights weights, int count, float * out) {
    for (int k = 0; k < count; k++)
        for (int column = 0; column < kPanelWidth; column += 16)
            weights.load(k, column).store(out + static_cast<size_t>(k) * kPanelWidth + column);
}

template <class Weights>
inline void all_rows(const float * a, size_t lda, int rows, const uint8_t * data, int count, float * c, size_t ldc, bool accumulate,
                     float * unpacked) {
    if (rows <= Vec16::kRows) return stream_rows(a, lda, rows, Weights(data), count, c, ldc, accumulate);
    const int most = rows <= kFewTiles * Vec16::kRows ? kChunkRows : kLongChunkRows;
    for (int k = 0; k < count; k += most) {
        const int chunk = count - k < most ? count - k : most;
        const uint8_t * source = data + static_cast<size_t>(k) * Weights::kRowBytes;
        const size_t bytes = static_cast<size_t>(chunk) * Weights::kRowBytes;
        const bool add = accumulate || k > 0;
        if (std::is_same_v<Weights, F32Weights> || rows <= kDirectTiles * Vec16::kRows) {
            tiled_rows(a + k, lda, rows, Weights(source), chunk, c, ldc, add, source + bytes, bytes);
        } else {
            widen_rows(Weights(source), chunk, unpacked);
            const F32Weights wide(reinterpret_cast<const uint8_t *>(unpacked));
            tiled_rows(a + k, lda, rows, wide, chunk, c, ldc, add, source + bytes, bytes);
        }
    }
}

void gemm_panel(const float * a, size_t lda, int rows, const PackedMatrix & weights, int panel, int k0, int k1, float * c,
                size_t ldc, bool accumulate, float * unpacked) {
    const uint8_t * data = weights.panel(panel) + panel_offset(weights.type, k0);
    const int count = k1 - k0;
    a += k0;
    switch (weights.type) {
        case WeightType::F32: return all_rows<F32Weights>(a, lda, rows, data, count, c, ldc, accumulate, unpacked);
        case WeightType::F16: return all_rows<F16Weights>(a, lda, rows, data, count, c, ldc, accumulate, unpacked);
        case WeightType::BF16: return all_rows<BF16Weights>(a, lda, rows, data, count, c, ldc, accumulate, unpacked);
        case WeightType::Q8_0: return all_rows<Q8Weights>(a, lda, rows, data, count, c, ldc, accumulate, unpacked);
        case WeightType::Int8: return;  // gemm_int8
    }
}

}  // namespace
}  // namespace clmbr::kernels
