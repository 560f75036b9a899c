// What the CPU operators of one pass share: the batch, the weights, the threads and their scratch memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "../batch.h"
#include "../key_value_cache.h"
#include "../thread_pool.h"
#include "../weights.h"

namespace clmbr::cpu {

// Rows whose intermediate activations are held at a time: they stay in the last-level cache.
constexpr int kRowChunk = 512;

// Rows of one task of a matrix product: 8 tiles, which stay in the second-level cache beside a panel of weights.
constexpr int kRowBlock = 96;

// Panels of one task at most.
constexpr int kPanelGroup = 8;

// (query, head) pairs of one task of attention.
constexpr int kAttentionRows = 96;

// The heads of one group come together, so a block has at least one query of each.
inline int queries_per_block(int group) { return group >= kAttentionRows ? 1 : kAttentionRows / group; }

struct AttentionBlock {
    int sequence;
    int query;  // first, among the rows of the pass
    int count;
    int head;   // key/value head
};

// Pointers into memory that the executor laid out.
struct Workspace {
    const kernels::Kernels * kernels = nullptr;
    const Weights * weights = nullptr;
    ThreadPool * pool = nullptr;
    const std::atomic<bool> * cancelled = nullptr;

    const Batch * batch = nullptr;
    const BatchLayout * layout = nullptr;
    std::vector<AttentionBlock> all_blocks;   // for layers that compute every row
    std::vector<AttentionBlock> last_blocks;  // for the last layer

    float * normalised = nullptr;      // kRowChunk rows of padded_stride(hidden_size)
    float * feed_forward = nullptr;    // kRowChunk rows of padded_stride(feed_forward_size)
    // kRowChunk rows that are multiplied in int8: those that quantise_rows() was called for last.
    uint8_t * quants = nullptr;
    float * quant_scales = nullptr;
    float * keys = nullptr;            // per key/value head: padded tokens in panels; unused with a store
    float * values = nullptr;
    const KeyValueStore * store = nullptr;  // where keys and values of the one sequence of this pass are kept, if they are

    // A step of generation: the sample of each row. Keys and values are those of its history and its own.
    const std::vector<Continuation *> * continuations = nullptr;
    float * attention_state = nullptr;  // attention_state_floats() for all rows and heads

    float * scratch = nullptr;         // scratch_floats for each thread
    size_t scratch_floats = 0;

    Buffer * head_memory = nullptr;    // logits and what they are made of

    const Hyperparameters & hyperparameters() const { return weights->hyperparameters(); }
    float * scratch_of(int worker) const { return scratch + scratch_floats * static_cast<size_t>(worker); }
    // For the widest rows that are quantised.
    size_t quant_groups() const {
        const Hyperparameters & h = hyperparameters();
        return kernels::int8_groups(static_cast<size_t>(std::max({h.hidden_size, h.query_width(), h.feed_forward_size})));
    }
    kernels::QuantisedRows quantised_rows() const { return {quants, quant_groups() * kernels::kInt8Group, quant_scales, quant_groups()}; }
    size_t query_stride() const { return kernels::padded_stride(static_cast<size_t>(hyperparameters().query_width())); }
    size_t key_value_stride() const { return 2 * static_cast<size_t>(hyperparameters().kv_width()); }
};

// What attention carries over from shared to own keys, for one key/value head.
inline size_t attention_state_floats(size_t rows, const Hyperparameters & h) {
    return rows * static_cast<size_t>(h.head_count / h.kv_head_count) * (kernels::head_panels(static_cast<size_t>(h.head_size)) * kernels::kPanelWidth + 2);
}

// Blocks of queries of every sequence, the longest first, so that the last ones to finish are short.
std::vector<AttentionBlock> attention_blocks(const BatchLayout & layout, const Hyperparameters & h, bool every_row);

// Lays out the shared memory of a pass; with an empty arena it only measures.
void place_workspace(Workspace & workspace, Arena & arena);

}  // namespace clmbr::cpu
