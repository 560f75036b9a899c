#include "workspace.h"

#include <algorithm>

#include "linear.h"

namespace clmbr::cpu {

std::vector<AttentionBlock> attention_blocks(const BatchLayout & layout, const Hyperparameters & h, bool every_row) {
    const int step = queries_per_block(h.head_count / h.kv_head_count);
    std::vector<AttentionBlock> blocks;
    std::vector<std::pair<int, int>> order;  // (last position, block)
    for (size_t s = 0; s < layout.sequences.size(); s++) {
        const BatchLayout::Sequence & sequence = layout.sequences[s];
        const int begin = every_row ? sequence.begin : sequence.query_begin;
        const int count = every_row ? sequence.length : sequence.query_count;
        for (int q = 0; q < count; q += step) {
            const int size = std::min(step, count - q);
            const int last = every_row ? q + size - 1 : layout.row_positions[static_cast<size_t>(begin + q + size - 1)];
            order.push_back({-last * size, static_cast<int>(blocks.size())});
            blocks.push_back({static_cast<int>(s), begin + q, size, 0});
        }
    }
    std::sort(order.begin(), order.end());
    std::vector<AttentionBlock> result;
    result.reserve(blocks.size() * static_cast<size_t>(h.kv_head_count));
    for (const auto & [cost, index] : order) {
        AttentionBlock block = blocks[static_cast<size_t>(index)];
        for (block.head = 0; block.head < h.kv_head_count; block.head++) result.push_back(block);
    }
    return result;
}

void place_workspace(Workspace & w, Arena & arena) {
    const Hyperparameters & h = w.hyperparameters();
    const size_t rows = static_cast<size_t>(std::min(kRowChunk, w.layout->tokens));
    const size_t padded = w.store != nullptr ? 0 : static_cast<size_t>(w.layout->padded_tokens) * static_cast<size_t>(h.kv_head_count);
    w.normalised = arena.take<float>(rows * kernels::padded_stride(static_cast<size_t>(h.hidden_size)));
    w.feed_forward = arena.take<float>(rows * kernels::padded_stride(static_cast<size_t>(h.feed_forward_size)));
    if (w.weights->compute() == Compute::Int8) {
        w.quants = arena.take<uint8_t>(kRowChunk * w.quant_groups() * kernels::kInt8Group);
        w.quant_scales = arena.take<float>(kRowChunk * w.quant_groups());
    }
    w.keys = arena.take<float>(padded * static_cast<size_t>(h.head_size));
    w.values = arena.take<float>(padded * kernels::head_panels(static_cast<size_t>(h.head_size)) * kernels::kPanelWidth);
    if (w.continuations != nullptr)
        w.attention_state = arena.take<float>(attention_state_floats(w.continuations->size(), h) * static_cast<size_t>(h.kv_head_count));
    const int group = h.head_count / h.kv_head_count;
    const size_t attention = kernels::attention_scratch_floats(static_cast<size_t>(queries_per_block(group) * group),
                                                              static_cast<size_t>(h.head_size));
    const size_t pack = static_cast<size_t>(h.head_size);
    w.scratch_floats = kernels::round_up(std::max({attention, linear_scratch_floats(), pack}), 16);
    w.scratch = arena.take<float>(w.scratch_floats * static_cast<size_t>(w.pool->threads()));
}

}  // namespace clmbr::cpu
