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

struct Kernels {
    const char * name;

    // c[r][0..32) (+)= sum over k in [k0, k1) of a[r][k] * panel[k][0..32), k ascending, one fused multiply-add each.
    // `c` is tile memory of 32 floats a row at stride `ldc`. `unpacked` holds (k1 - k0) * 32 floats (unused for F32).
    void (*gemm_panel)(const float * a, size_t lda, int rows, const PackedMatrix & weights, int panel, int k0, int k1,
                       float * c, size_t ldc, bool accumulate, float * unpacked);

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

// The best table for this processor, or the one that CLMBR_CPU names (scalar, avx2, avx512, neon).
// Null when CLMBR_CPU names a path that does not exist or that this processor lacks.
const Kernels * select_kernels(const char * forced);

const Kernels * scalar_kernels();
const Kernels * avx2_kernels();
const Kernels * avx512_kernels();
const Kernels * neon_kernels();

}  // namespace clmbr::kernels
