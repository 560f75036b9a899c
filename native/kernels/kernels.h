// The table of CPU kernels: one implementation for each instruction set, picked at run time. All of them perform the same
// IEEE operations in the same order (kernels/impl), so their results are bit-identical.
#pragma once

#include "layout.h"

namespace clmbr::kernels {

// Softmax attention of a block of queries of one sequence against its keys 0..position, for one key/value head.
struct AttentionTask {
    const float * queries = nullptr;     // first query row, at the first head of the group
    size_t query_stride = 0;             // floats between rows
    const int32_t * positions = nullptr; // ascending position of each query in its sequence
    int query_count = 0;
    int group = 1;                       // query heads that share the key/value head
    int head_size = 0;
    const float * keys = nullptr;        // panels of 32 keys: [panel][head_size][32]
    const float * values = nullptr;      // panels of 32 columns: [panel][padded_keys][32]
    size_t padded_keys = 0;              // multiple of 32
    float scale = 1;
    float * out = nullptr;               // like queries
    size_t out_stride = 0;
    float * scratch = nullptr;           // attention_scratch_floats()

    // Keys from `shared_keys` on (a multiple of 32) come from a memory of their own: a sample's events after a history that
    // several samples share. Indices there count from `shared_keys`.
    int shared_keys = kNoLimit;
    const float * own_keys = nullptr;
    const float * own_values = nullptr;
    size_t own_padded_keys = 0;

    // A part of the keys at a time: from `key_begin` (a multiple of kKeyBlock) up to `key_end`. What is carried over lies in
    // `state`, one row for each (query, head) pair; the last part writes `out`.
    int key_begin = 0;
    int key_end = kNoLimit;
    struct State {
        float * out = nullptr;  // rows of head_panels(head_size) * 32
        float * maximum = nullptr;
        float * sum = nullptr;
    } state;

    static constexpr int kNoLimit = 0x7fffffff;
};

static constexpr size_t head_panels(size_t head_size) { return (head_size + kPanelWidth - 1) / kPanelWidth; }

static constexpr size_t attention_scratch_floats(size_t rows, size_t head_size) {
    const size_t padded_rows = round_up(rows, kRowTile);
    return padded_rows * (padded_stride(head_size) + head_panels(head_size) * kPanelWidth + 2) +
           kRowTile * padded_stride(kKeyBlock) + 64;
}

// Rows of activations in int8: x[r][k] is about scales[r][k / kInt8Group] * (quants[r][k] - kInt8Offset).
struct QuantisedRows {
    const uint8_t * quants = nullptr;
    size_t stride = 0;  // bytes between rows, whole groups
    const float * scales = nullptr;
    size_t scale_stride = 0;

    QuantisedRows from(size_t row) const { return {quants + row * stride, stride, scales + row * scale_stride, scale_stride}; }
};

struct Kernels {
    const char * name;

    // c[r][0..32) (+)= sum over k in [k0, k1) of a[r][k] * panel[k][0..32), k ascending, one fused multiply-add each.
    // `c` is tile memory of 32 floats a row at stride `ldc`. `unpacked` holds (k1 - k0) * 32 floats (unused for F32).
    void (*gemm_panel)(const float * a, size_t lda, int rows, const PackedMatrix & weights, int panel, int k0, int k1,
                       float * c, size_t ldc, bool accumulate, float * unpacked);

    // One row of activations in int8: in each group the largest magnitude becomes 127, the others are rounded to the nearest, ties to even.
    // A group with a number that is not finite gets the scale NaN.
    void (*quantise)(const float * x, int n, uint8_t * quants, float * scales);

    // The same product with Int8 weights, for groups [g0, g1): within a group the exact integer, then one fused multiply-add with the
    // rounded product of the two scales, groups ascending.
    void (*gemm_int8)(const QuantisedRows & a, int rows, const PackedMatrix & weights, int panel, int g0, int g1, float * c, size_t ldc,
                      bool accumulate);

    // out = weight * (x / sqrt(mean(x^2) + epsilon))
    void (*rms_norm)(const float * x, const float * weight, int n, float epsilon, float * out);

    // out = gate / (1 + exp(-gate)) * up
    void (*silu_mul)(const float * gate, const float * up, int n, float * out);

    // out = a + b
    void (*add)(const float * a, const float * b, int n, float * out);

    // Rotates the pairs (x[i], x[i + half]) in place.
    void (*rotate)(float * x, const float * cosine, const float * sine, int half);

    void (*attention)(const AttentionTask & task);

    // log(sum(exp(x))) with the maximum taken out first.
    float (*log_sum_exp)(const float * x, int n);

    // out = exp(x / divisor - largest), where `largest` is the maximum of x / divisor; returns nothing: sums are the caller's.
    void (*softmax_weights)(const float * x, int n, float divisor, float * out);

    // Widens one weight row-major row of `n` values to F32.
    void (*widen)(const uint8_t * row, WeightType type, int n, float * out);
};

// The best table for this processor, or the one that CLMBR_CPU names (scalar, avx2, avxvnni, avx512, avx512vnni, neon).
// Null when CLMBR_CPU names a path that does not exist or that this processor lacks.
// The paths with VNNI differ from those without in int8 products alone, so only `int8` takes one by itself.
const Kernels * select_kernels(const char * forced, bool int8 = false);

const Kernels * scalar_kernels();
const Kernels * avx2_kernels();
const Kernels * avx512_kernels();
const Kernels * neon_kernels();

// Int8 products of paths with VNNI.
using Int8Product = decltype(Kernels::gemm_int8);
Int8Product avxvnni_int8_product();
Int8Product avx512vnni_int8_product();

}  // namespace clmbr::kernels
