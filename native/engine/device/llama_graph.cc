#include "llama_graph.h"

#include <algorithm>
#include <cmath>

#include "../error.h"

namespace clmbr {
namespace {

// Scores that the softmax path holds at a time, for all heads, and the blocks that it cuts the queries into at most.
constexpr int64_t kScores = int64_t(32) << 20;
constexpr int kMostBlocks = 48;

class Builder {
public:
    Builder(ggml_context * context, const DeviceWeights & weights, const Device & device)
        : c(context), h_(weights.hyperparameters()), device_(device) {
        graph_ = ggml_new_graph_custom(context, device_graph_tensors(h_), false);
    }

    ggml_tensor * input(ggml_type type, int64_t n0, int64_t n1 = 1, int64_t n2 = 1, int64_t n3 = 1) {
        ggml_tensor * tensor = ggml_new_tensor_4d(c, type, n0, n1, n2, n3);
        ggml_set_input(tensor);
        return tensor;
    }

    ggml_tensor * product(ggml_tensor * matrix, ggml_tensor * x) {
        ggml_tensor * result = ggml_mul_mat(c, matrix, x);
        ggml_prec_set_acc(result, GGML_PREC_F32);
        return result;
    }

    ggml_tensor * norm(ggml_tensor * x, ggml_tensor * weight) { return ggml_mul(c, ggml_rms_norm(c, x, h_.rms_norm_epsilon), weight); }

    // Pairs element i of a head with i + half: x * cos + (halves exchanged) * (-sin, sin). x: [head_size, heads, n, s]; tables: [head_size, 1, n, 1 or s].
    ggml_tensor * rotate(ggml_tensor * x, ggml_tensor * cosine, ggml_tensor * sine) {
        const int64_t half = x->ne[0] / 2;
        const auto part = [&](int64_t first) {
            return ggml_view_4d(c, x, half, x->ne[1], x->ne[2], x->ne[3], x->nb[1], x->nb[2], x->nb[3], static_cast<size_t>(first) * x->nb[0]);
        };
        ggml_tensor * exchanged = ggml_concat(c, part(half), part(0), 0);
        return ggml_add(c, ggml_mul(c, x, cosine), ggml_mul(c, exchanged, sine));
    }

    // Rows of a rotation table for positions 0 to n - 1.
    ggml_tensor * first_rows(ggml_tensor * table, int64_t n) { return ggml_view_4d(c, table, table->ne[0], 1, n, 1, table->nb[1], table->nb[1], n * table->nb[1], 0); }
    ggml_tensor * rows_at(ggml_tensor * table, ggml_tensor * positions, int64_t n, int64_t s) {
        return ggml_reshape_4d(c, ggml_get_rows(c, table, positions), table->ne[0], 1, n, s);
    }

    // q: [head_size, heads, n, s], k and v: [head_size, kv_heads, length, s], mask: F16 [length, n, 1, 1 or s]. Returns [query_width, n * s].
    ggml_tensor * attend(AttentionPath path, ggml_tensor * q, ggml_tensor * k, ggml_tensor * v, ggml_tensor * mask) {
        q = ggml_permute(c, q, 0, 2, 1, 3);
        k = ggml_permute(c, k, 0, 2, 1, 3);
        ggml_tensor * result = nullptr;
        if (path != AttentionPath::Softmax) {
            result = ggml_flash_attn_ext(c, q, k, ggml_permute(c, v, 0, 2, 1, 3), mask, scale(), 0, 0);
            ggml_prec_set_acc(result, GGML_PREC_F32);
            if (!device_.supports(result)) {
                if (path == AttentionPath::Flash) lacks(result);
                result = nullptr;
            }
        }
        if (result == nullptr) result = attend_by_softmax(q, k, ggml_cont(c, ggml_permute(c, v, 1, 2, 0, 3)), mask);
        return ggml_reshape_2d(c, result, h_.query_width(), q->ne[1] * q->ne[3]);
    }

    ggml_tensor * feed_forward(const DeviceLayer & layer, ggml_tensor * x) {
        ggml_tensor * n = norm(x, layer.feed_forward_norm);
        ggml_tensor * gate = product(layer.gate, n);
        ggml_tensor * up = product(layer.up, n);
        return ggml_add(c, x, product(layer.down, ggml_swiglu_split(c, gate, up)));
    }

    float scale() const { return 1.0f / std::sqrt(static_cast<float>(h_.head_size)); }

    // Marks what is read back and orders the nodes.
    ggml_cgraph * finish(ggml_tensor * result) {
        ggml_set_output(result);
        ggml_build_forward_expand(graph_, result);
        for (int i = 0; i < ggml_graph_n_nodes(graph_); i++)
            if (!device_.supports(ggml_graph_node(graph_, i))) lacks(ggml_graph_node(graph_, i));
        return graph_;
    }
    void also(ggml_tensor * node) { ggml_build_forward_expand(graph_, node); }

    ggml_context * c;

private:
    [[noreturn]] void lacks(const ggml_tensor * node) const {
        throw Error("DEVICE_UNAVAILABLE", "The device " + device_.name() + " has no " + ggml_op_desc(node) + " for this model: use device 'cpu'.");
    }

    // q: [head_size, n, heads, s], k: [head_size, length, kv_heads, s], v: [length, head_size, kv_heads, s]. Returns [head_size, heads, n, s].
    ggml_tensor * attend_by_softmax(ggml_tensor * q, ggml_tensor * k, ggml_tensor * v, ggml_tensor * mask) {
        const int64_t queries = q->ne[1], per_query = k->ne[1] * q->ne[2] * q->ne[3];
        const int64_t block = std::max({int64_t(1), kScores / per_query, (queries + kMostBlocks - 1) / kMostBlocks});
        ggml_tensor * result = nullptr;
        for (int64_t first = 0; first < queries; first += block) {
            const int64_t count = std::min(block, queries - first);
            const size_t at = static_cast<size_t>(first);
            ggml_tensor * part = ggml_view_4d(c, q, q->ne[0], count, q->ne[2], q->ne[3], q->nb[1], q->nb[2], q->nb[3], at * q->nb[1]);
            ggml_tensor * seen = ggml_view_4d(c, mask, mask->ne[0], count, 1, mask->ne[3], mask->nb[1], mask->nb[2], mask->nb[3], at * mask->nb[1]);
            if (!ggml_is_contiguous(seen)) seen = ggml_cont(c, seen);
            ggml_tensor * weights = ggml_soft_max_ext(c, product(k, part), seen, scale(), 0);
            ggml_tensor * attended = ggml_cont(c, ggml_permute(c, product(v, weights), 0, 2, 1, 3));
            result = result == nullptr ? attended : ggml_concat(c, result, attended, 2);
        }
        return result;
    }

    const Hyperparameters & h_;
    const Device & device_;
    ggml_cgraph * graph_;
};

}  // namespace

size_t device_graph_tensors(const Hyperparameters & h) { return static_cast<size_t>(h.layer_count) * (96 + 12 * kMostBlocks) + 64; }

bool has_flash_attention(const Device & device, const Hyperparameters & h) {
    const TensorContext context(8);
    ggml_context * c = context.get();
    ggml_tensor * q = ggml_new_tensor_4d(c, GGML_TYPE_F32, h.head_size, 32, h.head_count, 1);
    ggml_tensor * k = ggml_new_tensor_4d(c, GGML_TYPE_F32, h.head_size, 32, h.kv_head_count, 1);
    ggml_tensor * v = ggml_new_tensor_4d(c, GGML_TYPE_F32, h.head_size, 32, h.kv_head_count, 1);
    ggml_tensor * node = ggml_flash_attn_ext(c, q, k, v, ggml_new_tensor_2d(c, GGML_TYPE_F16, 32, 32), 1, 0, 0);
    ggml_prec_set_acc(node, GGML_PREC_F32);
    return device.supports(node);
}

BodyGraph build_body(ggml_context * context, const DeviceWeights & weights, const Device & device, AttentionPath path, const BodyShape & shape,
                     ggml_tensor * causal_mask, const DeviceCache * cache) {
    const Hyperparameters & h = weights.hyperparameters();
    const int64_t n = shape.length, s = shape.sequences, rows = shape.rows;
    Builder b(context, weights, device);
    ggml_context * c = context;
    BodyGraph g;
    g.tokens = b.input(GGML_TYPE_I32, n * s);
    if (rows > 0) {
        g.rows = b.input(GGML_TYPE_I32, rows * s);
        g.row_positions = b.input(GGML_TYPE_I32, rows * s);
        g.row_mask = b.input(GGML_TYPE_F16, n, rows, 1, s);
    }
    ggml_tensor * cosine = b.first_rows(weights.cosine(), n);
    ggml_tensor * sine = b.first_rows(weights.sine(), n);

    ggml_tensor * x = ggml_get_rows(c, weights.embedding(), g.tokens);
    for (int i = 0; i < h.layer_count; i++) {
        const DeviceLayer & layer = weights.layer(i);
        // The last layer needs keys and values of every token, all else only for the rows that are read.
        const bool some = rows > 0 && i + 1 == h.layer_count;
        ggml_tensor * normed = b.norm(x, layer.attention_norm);
        ggml_tensor * k = b.rotate(ggml_reshape_4d(c, b.product(layer.key, normed), h.head_size, h.kv_head_count, n, s), cosine, sine);
        ggml_tensor * v = b.product(layer.value, normed);
        if (cache != nullptr) {
            const DeviceCache::Layer & kept = cache->layers[static_cast<size_t>(i)];
            b.also(ggml_cpy(c, ggml_reshape_2d(c, k, h.kv_width(), n), kept.history_keys));
            b.also(ggml_cpy(c, ggml_transpose(c, v), kept.history_values));
        }
        if (some) {
            x = ggml_get_rows(c, x, g.rows);
            normed = b.norm(x, layer.attention_norm);
        }
        ggml_tensor * q = ggml_reshape_4d(c, b.product(layer.query, normed), h.head_size, h.head_count, some ? rows : n, s);
        q = some ? b.rotate(q, b.rows_at(weights.cosine(), g.row_positions, rows, s), b.rows_at(weights.sine(), g.row_positions, rows, s))
                 : b.rotate(q, cosine, sine);
        v = ggml_reshape_4d(c, v, h.head_size, h.kv_head_count, n, s);
        ggml_tensor * attended = b.attend(path, q, k, v, some ? g.row_mask : causal_mask);
        x = b.feed_forward(layer, ggml_add(c, x, b.product(layer.attention_output, attended)));
    }
    g.hidden = b.norm(x, weights.output_norm());
    g.graph = b.finish(g.hidden);
    return g;
}

StepGraph build_step(ggml_context * context, const DeviceWeights & weights, const Device & device, const StepShape & shape, const DeviceCache & cache) {
    const Hyperparameters & h = weights.hyperparameters();
    const int64_t n = shape.count, tail = shape.tail, past = cache.history, width = h.kv_width(), room = cache.capacity;
    const int64_t first = shape.first;
    Builder b(context, weights, device);
    ggml_context * c = context;
    StepGraph g;
    g.tokens = b.input(GGML_TYPE_I32, n);
    g.positions = b.input(GGML_TYPE_I32, n);
    g.key_places = b.input(GGML_TYPE_I64, n);
    g.value_places = b.input(GGML_TYPE_I64, n * width);
    g.mask = b.input(GGML_TYPE_F16, past + tail, n);
    ggml_tensor * cosine = b.rows_at(weights.cosine(), g.positions, n, 1);
    ggml_tensor * sine = b.rows_at(weights.sine(), g.positions, n, 1);
    constexpr size_t f = sizeof(float);

    ggml_tensor * x = ggml_get_rows(c, weights.embedding(), g.tokens);
    for (int i = 0; i < h.layer_count; i++) {
        const DeviceLayer & layer = weights.layer(i);
        const DeviceCache::Layer & kept = cache.layers[static_cast<size_t>(i)];
        ggml_tensor * normed = b.norm(x, layer.attention_norm);
        ggml_tensor * q = b.rotate(ggml_reshape_4d(c, b.product(layer.query, normed), h.head_size, h.head_count, n, 1), cosine, sine);
        ggml_tensor * k = b.rotate(ggml_reshape_4d(c, b.product(layer.key, normed), h.head_size, h.kv_head_count, n, 1), cosine, sine);
        ggml_tensor * v = b.product(layer.value, normed);

        // Append to the tails, then look at them.
        ggml_tensor * keys = ggml_set_rows(c, kept.tail_keys, ggml_reshape_2d(c, k, width, n), g.key_places);
        ggml_tensor * values = ggml_set_rows(c, ggml_reshape_2d(c, kept.tail_values, 1, room * width * cache.samples),
                                             ggml_reshape_2d(c, v, 1, width * n), g.value_places);
        const size_t row = static_cast<size_t>(width) * f, head = static_cast<size_t>(h.head_size) * f, column = static_cast<size_t>(room) * f;
        const size_t sample = static_cast<size_t>(room * width) * f;
        keys = ggml_view_4d(c, keys, h.head_size, tail, h.kv_head_count, n, row, head, sample, static_cast<size_t>(first) * sample);
        values = ggml_view_4d(c, values, tail, h.head_size, h.kv_head_count, n, column, column * static_cast<size_t>(h.head_size), sample,
                              static_cast<size_t>(first) * sample);

        // Scores over the history, which all samples share, and over each one's own tail: [history + tail, n, heads].
        ggml_tensor * old_keys = ggml_view_3d(c, kept.history_keys, h.head_size, past, h.kv_head_count, row, head, 0);
        ggml_tensor * old_scores = b.product(old_keys, ggml_permute(c, q, 0, 2, 1, 3));
        ggml_tensor * own_scores = b.product(keys, ggml_reshape_4d(c, q, h.head_size, 1, h.head_count, n));
        ggml_tensor * scores = ggml_concat(c, old_scores, ggml_cont(c, ggml_permute(c, own_scores, 0, 3, 2, 1)), 0);
        scores = ggml_soft_max_ext(c, scores, g.mask, b.scale(), 0);

        ggml_tensor * old_weights = ggml_cont(c, ggml_view_3d(c, scores, past, n, h.head_count, scores->nb[1], scores->nb[2], 0));
        ggml_tensor * own_weights = ggml_view_4d(c, scores, tail, n, h.head_count, 1, scores->nb[1], scores->nb[2], scores->nb[3], static_cast<size_t>(past) * f);
        own_weights = ggml_cont(c, ggml_permute(c, own_weights, 0, 3, 2, 1));
        ggml_tensor * old_values = ggml_reshape_3d(c, kept.history_values, past, h.head_size, h.kv_head_count);
        ggml_tensor * old_part = ggml_cont(c, ggml_permute(c, b.product(old_values, old_weights), 0, 2, 1, 3));
        ggml_tensor * own_part = ggml_reshape_3d(c, b.product(values, own_weights), h.head_size, h.head_count, n);
        ggml_tensor * attended = ggml_reshape_2d(c, ggml_add(c, old_part, own_part), h.query_width(), n);
        x = b.feed_forward(layer, ggml_add(c, x, b.product(layer.attention_output, attended)));
    }
    g.logits = b.product(weights.output(), b.norm(x, weights.output_norm()));
    g.graph = b.finish(g.logits);
    return g;
}

HeadGraph build_head(ggml_context * context, const DeviceWeights & weights, const Device & device, int rows) {
    Builder b(context, weights, device);
    HeadGraph g;
    g.hidden = b.input(GGML_TYPE_F32, weights.hyperparameters().hidden_size, rows);
    g.logits = b.product(weights.output(), g.hidden);
    g.graph = b.finish(g.logits);
    return g;
}

}  // namespace clmbr
