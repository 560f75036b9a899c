// Rotation, packing of keys and values, and the blocks of queries that the attention kernel works on.
#include <cmath>
#include <cstring>

#include "linear.h"
#include "operators.h"

namespace clmbr::cpu {
namespace {

struct KeyValueLayout {
    const Workspace & w;
    int layer;
    size_t head_size, head_columns;

    KeyValueLayout(const Workspace & workspace, int index)
        : w(workspace),
          layer(index),
          head_size(static_cast<size_t>(w.hyperparameters().head_size)),
          head_columns(kernels::head_panels(head_size) * kPanelWidth) {}

    // A head's keys and values of one sequence: [panel][head_size][32] and [column panel][padded length][32].
    size_t row(const BatchLayout::Sequence & s, int head) const {
        return static_cast<size_t>(head) * static_cast<size_t>(w.layout->padded_tokens) + static_cast<size_t>(s.padded_begin);
    }
    float * keys(const BatchLayout::Sequence & s, int head) const {
        return w.store != nullptr ? w.store->keys(layer, head) : w.keys + row(s, head) * head_size;
    }
    float * values(const BatchLayout::Sequence & s, int head) const {
        return w.store != nullptr ? w.store->values(layer, head) : w.values + row(s, head) * head_columns;
    }
    static size_t padded(const BatchLayout::Sequence & s) { return kernels::round_up(static_cast<size_t>(s.length), kPanelWidth); }
};

// Keys and values of 32 tokens of one sequence and one head. Rows beyond the end are zero: they get weight zero, and zero
// times garbage could be NaN.
void pack_panel(const KeyValueLayout & kv, const BatchLayout::Sequence & s, int head, int panel, const float * keys_values, float * key) {
    const Workspace & w = kv.w;
    const size_t stride = w.key_value_stride(), width = stride / 2;
    const int half = static_cast<int>(kv.head_size / 2);
    float * keys = kv.keys(s, head) + static_cast<size_t>(panel) * kv.head_size * kPanelWidth;
    float * values = kv.values(s, head) + static_cast<size_t>(panel) * kPanelWidth * kPanelWidth;
    const size_t value_panel = KeyValueLayout::padded(s) * kPanelWidth;
    for (int i = 0; i < kPanelWidth; i++) {
        const int position = panel * kPanelWidth + i;
        const bool real = position < s.length;
        const float * source = keys_values + static_cast<size_t>(s.begin + position) * stride + static_cast<size_t>(head) * kv.head_size;
        if (real) {
            std::memcpy(key, source, kv.head_size * sizeof(float));
            w.kernels->rotate(key, w.weights->rotation().cosine(position), w.weights->rotation().sine(position), half);
        }
        for (size_t d = 0; d < kv.head_size; d++) keys[d * kPanelWidth + static_cast<size_t>(i)] = real ? key[d] : 0.0f;
        for (size_t d = 0; d < kv.head_columns; d++)
            values[d / kPanelWidth * value_panel + static_cast<size_t>(i) * kPanelWidth + d % kPanelWidth] =
                real && d < kv.head_size ? source[width + d] : 0.0f;
    }
}

void pack_keys_values(const KeyValueLayout & kv, const float * keys_values) {
    const Workspace & w = kv.w;
    const int heads = w.hyperparameters().kv_head_count;
    const int panels = w.layout->padded_tokens / kPanelWidth;
    const auto task = [&](int index, int worker) {
        // The sequence that holds this panel: the last one that begins at or before it.
        const auto & sequences = w.layout->sequences;
        const auto next = std::upper_bound(sequences.begin(), sequences.end(), index * kPanelWidth,
                                           [](int row, const BatchLayout::Sequence & s) { return row < s.padded_begin; });
        const BatchLayout::Sequence & s = *(next - 1);
        for (int head = 0; head < heads; head++)
            pack_panel(kv, s, head, index - s.padded_begin / kPanelWidth, keys_values, w.scratch_of(worker));
    };
    w.pool->run(panels, task, *w.cancelled);
}

}  // namespace

void attend(const Workspace & w, int layer, float * queries, const float * keys_values, bool every_row) {
    const Hyperparameters & h = w.hyperparameters();
    const KeyValueLayout kv(w, layer);
    pack_keys_values(kv, keys_values);
    const std::vector<AttentionBlock> & blocks = every_row ? w.all_blocks : w.last_blocks;
    const int32_t * positions = every_row ? w.layout->positions.data() : w.layout->row_positions.data();
    const int group = h.head_count / h.kv_head_count;
    const float scale = 1.0f / std::sqrt(static_cast<float>(h.head_size));
    const auto task = [&](int index, int worker) {
        const AttentionBlock & block = blocks[static_cast<size_t>(index)];
        const BatchLayout::Sequence & s = w.layout->sequences[static_cast<size_t>(block.sequence)];
        float * first = queries + static_cast<size_t>(block.query) * w.query_stride() +
                        static_cast<size_t>(block.head * group) * kv.head_size;
        for (int q = 0; q < block.count; q++) {
            const int position = positions[block.query + q];
            for (int g = 0; g < group; g++)
                w.kernels->rotate(first + static_cast<size_t>(q) * w.query_stride() + static_cast<size_t>(g) * kv.head_size,
                                  w.weights->rotation().cosine(position), w.weights->rotation().sine(position), h.head_size / 2);
        }
        kernels::AttentionTask t;
        t.queries = first;
        t.query_stride = w.query_stride();
        t.positions = positions + block.query;
        t.query_count = block.count;
        t.group = group;
        t.head_size = h.head_size;
        t.keys = kv.keys(s, block.head);
        t.values = kv.values(s, block.head);
        t.padded_keys = KeyValueLayout::padded(s);
        t.scale = scale;
        t.out = first;  // the kernel copies its queries before it writes
        t.out_stride = w.query_stride();
        t.scratch = w.scratch_of(worker);
        w.kernels->attention(t);
    };
    w.pool->run(static_cast<int>(blocks.size()), task, *w.cancelled);
}

}  // namespace clmbr::cpu
