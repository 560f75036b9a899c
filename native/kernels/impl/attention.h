// Causal softmax attention in blocks of keys, with a running maximum and sum (the scheme of FlashAttention).
//
// Rows are (query, head) pairs of one group of heads that share their keys and values. A key beyond a query's position gets
// weight zero, which leaves maximum, sum and output bit for bit as they were: a row does not notice which other queries share
// its tile.
#pragma once

#include "elementwise.h"
#include "gemm.h"

namespace clmbr::kernels {
namespace {

// Scores to weights: scales, masks, takes out the maximum; returns by how much earlier sums shrink.
inline float softmax_step(float * scores, int last, int key_begin, int key_count, float scale, float & maximum, float & sum) {
    const int visible = last - key_begin + 1 < key_count ? last - key_begin + 1 : key_count;
    const Vec16 factor = Vec16::set1(scale);
    Vec16 largest = Vec16::set1(-INFINITY);
    int k = 0;
    for (; k + 16 <= visible; k += 16) {
        const Vec16 s = Vec16::load(scores + k) * factor;
        s.store(scores + k);
        largest = max(s, largest);
    }
    if (k < visible) {
        const Vec16 s = load_tail(scores + k, visible - k, 0) * factor;
        float buffer[16];
        s.store(buffer);
        const Vec16 masked = load_tail(buffer, visible - k, -INFINITY);
        masked.store(scores + k);
        largest = max(masked, largest);
        k += 16;
    }
    const int filled = k;
    for (; k < key_count; k++) scores[k] = 0.0f;
    if (visible <= 0) return 1.0f;

    const float block_maximum = reduce_max(largest);
    const float next = block_maximum > maximum ? block_maximum : maximum;
    const Vec16 shift = Vec16::set1(next);
    Vec16 total = Vec16::set1(0.0f);
    for (k = 0; k < filled; k += 16) {
        const Vec16 p = exponential(Vec16::load(scores + k) - shift);
        p.store(scores + k);
        total = total + p;
    }
    float correction[16];
    exponential(Vec16::set1(maximum - next)).store(correction);
    sum = sum * correction[0] + reduce_add(total);
    maximum = next;
    return correction[0];
}

// Scores of `rows` queries against keys [begin, begin + count).
inline void score_keys(const AttentionTask & t, const float * q, size_t q_stride, int rows, int begin, int count, float * scores,
                       size_t s_stride) {
    const size_t panel = static_cast<size_t>(t.head_size) * kPanelWidth;
    for (int k = 0; k < count; k += kPanelWidth) {
        const int key = begin + k;
        const float * keys = key < t.shared_keys ? t.keys + static_cast<size_t>(key / kPanelWidth) * panel
                                                 : t.own_keys + static_cast<size_t>((key - t.shared_keys) / kPanelWidth) * panel;
        all_rows<F32Weights>(q, q_stride, rows, reinterpret_cast<const uint8_t *>(keys), t.head_size, scores + k, s_stride, false, nullptr);
    }
}

// out (+)= weights x values of keys [begin, begin + count).
inline void add_values(const AttentionTask & t, const float * weights, size_t s_stride, int rows, int begin, int count, float * out,
                       size_t o_stride, bool accumulate) {
    const int split = t.shared_keys - begin, shared = split < 0 ? 0 : split < count ? split : count;
    const int columns = static_cast<int>(head_panels(t.head_size));
    for (int column = 0; column < columns; column++) {
        float * target = out + column * kPanelWidth;
        if (shared > 0) {
            const float * values = t.values + (column * t.padded_keys + begin) * kPanelWidth;
            all_rows<F32Weights>(weights, s_stride, rows, reinterpret_cast<const uint8_t *>(values), shared, target, o_stride, accumulate, nullptr);
        }
        if (shared < count) {
            const float * values = t.own_values + (column * t.own_padded_keys + (begin + shared - t.shared_keys)) * kPanelWidth;
            all_rows<F32Weights>(weights + shared, s_stride, rows, reinterpret_cast<const uint8_t *>(values), count - shared, target, o_stride,
                                 accumulate || shared > 0, nullptr);
        }
    }
}

void attention(const AttentionTask & t) {
    const int rows = t.query_count * t.group;
    const int padded_rows = static_cast<int>(round_up(rows, kRowTile));
    const size_t q_stride = padded_stride(t.head_size);
    const size_t o_stride = head_panels(t.head_size) * kPanelWidth;
    const size_t s_stride = padded_stride(kKeyBlock);

    float * q = t.scratch;
    float * scratch_out = q + padded_rows * q_stride;
    float * scratch_maximum = scratch_out + padded_rows * o_stride;
    float * scratch_sum = scratch_maximum + padded_rows;
    float * scores = scratch_sum + padded_rows;
    const bool stateful = t.state.out != nullptr;
    float * out = stateful ? t.state.out : scratch_out;
    float * maximum = stateful ? t.state.maximum : scratch_maximum;
    float * sum = stateful ? t.state.sum : scratch_sum;

    for (int r = 0; r < rows; r++) {
        const float * source = t.queries + (r / t.group) * t.query_stride + static_cast<size_t>(r % t.group) * t.head_size;
        memcpy(q + r * q_stride, source, sizeof(float) * t.head_size);
        if (t.key_begin > 0) continue;
        maximum[r] = -INFINITY;
        sum[r] = 0;
    }

    const int last_key = t.positions[t.query_count - 1];
    const int end = last_key < t.key_end ? last_key + 1 : t.key_end;
    for (int key_begin = t.key_begin; key_begin < end; key_begin += kKeyBlock) {
        for (int tile = 0; tile < rows; tile += kRowTile) {
            const int tile_rows = rows - tile < kRowTile ? rows - tile : kRowTile;
            const int tile_end = t.positions[(tile + tile_rows - 1) / t.group] + 1 < end ? t.positions[(tile + tile_rows - 1) / t.group] + 1 : end;
            if (tile_end <= key_begin) continue;
            const int key_count = tile_end - key_begin < kKeyBlock ? tile_end - key_begin : kKeyBlock;
            score_keys(t, q + tile * q_stride, q_stride, tile_rows, key_begin, key_count, scores, s_stride);
            for (int r = 0; r < tile_rows; r++) {
                const int row = tile + r;
                const float correction = softmax_step(scores + r * s_stride, t.positions[row / t.group], key_begin, key_count, t.scale,
                                                      maximum[row], sum[row]);
                if (key_begin == 0) continue;
                float * o = out + row * o_stride;
                const Vec16 factor = Vec16::set1(correction);
                for (size_t i = 0; i < o_stride; i += 16) (Vec16::load(o + i) * factor).store(o + i);
            }
            add_values(t, scores, s_stride, tile_rows, key_begin, key_count, out + tile * o_stride, o_stride, key_begin != 0);
        }
    }
    if (t.key_end <= last_key) return;

    for (int r = 0; r < rows; r++) {
        float * target = t.out + (r / t.group) * t.out_stride + static_cast<size_t>(r % t.group) * t.head_size;
        const float * o = out + r * o_stride;
        for (int i = 0; i < t.head_size; i++) target[i] = o[i] / sum[r];
    }
}

}  // namespace
}  // namespace clmbr::kernels
