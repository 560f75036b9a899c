#include "operators.h"

#include <cmath>
#include <cstring>

#include "linear.h"

namespace clmbr::cpu {
namespace {

size_t width(const Workspace & w) { return static_cast<size_t>(w.hyperparameters().hidden_size); }
size_t norm_stride(const Workspace & w) { return kernels::padded_stride(width(w)); }

// And quantises them for `next`, where that is in int8.
void normalise(const Workspace & w, const float * x, int rows, const float * weight, const PackedMatrix & next) {
    const Hyperparameters & h = w.hyperparameters();
    each_row(w, rows, [&](int row) {
        float * out = w.normalised + static_cast<size_t>(row) * norm_stride(w);
        w.kernels->rms_norm(x + static_cast<size_t>(row) * width(w), weight, h.hidden_size, h.rms_norm_epsilon, out);
        if (next.type == WeightType::Int8) quantise_row(w, out, h.hidden_size, row);
    });
}

// Calls f(first, count) for pieces of at most kRowChunk rows.
template <class F>
void each_chunk(int rows, F f) {
    for (int first = 0; first < rows; first += kRowChunk) f(first, std::min(kRowChunk, rows - first));
}

}  // namespace

void embed_tokens(const Workspace & w, float * out) {
    each_row(w, w.layout->tokens, [&](int row) {
        w.weights->embedding(*w.kernels, w.batch->tokens[static_cast<size_t>(row)], out + static_cast<size_t>(row) * width(w));
    });
}

void gather_rows(const Workspace & w, const float * x, float * out) {
    each_row(w, static_cast<int>(w.layout->rows.size()), [&](int i) {
        std::memcpy(out + static_cast<size_t>(i) * width(w), x + static_cast<size_t>(w.layout->rows[static_cast<size_t>(i)]) * width(w),
                    width(w) * sizeof(float));
    });
}

void attention_input(const Workspace & w, int layer, const float * x, int rows, float * queries, float * keys_values) {
    const LayerWeights & weights = w.weights->layer(layer);
    const size_t kv_stride = w.key_value_stride(), kv_width = kv_stride / 2;
    each_chunk(rows, [&](int first, int count) {
        normalise(w, x + static_cast<size_t>(first) * width(w), count, weights.attention_norm, weights.key);
        const auto project = [&](const PackedMatrix & matrix, float * target, size_t stride) {
            linear(w, w.normalised, norm_stride(w), count, matrix, [=](int row, int column, const float * values, int n) {
                std::memcpy(target + static_cast<size_t>(first + row) * stride + column, values, static_cast<size_t>(n) * sizeof(float));
            });
        };
        if (queries != nullptr) project(weights.query, queries, w.query_stride());
        if (keys_values != nullptr) {
            project(weights.key, keys_values, kv_stride);
            project(weights.value, keys_values + kv_width, kv_stride);
        }
    });
}

void attention_output(const Workspace & w, int layer, const float * attended, int rows, float * x) {
    const PackedMatrix & matrix = w.weights->layer(layer).attention_output;
    const auto project = [&](int first, int count) {
        const float * input = attended + static_cast<size_t>(first) * w.query_stride();
        quantise_rows(w, input, w.query_stride(), count, matrix);
        linear(w, input, w.query_stride(), count, matrix, [&](int row, int column, const float * values, int n) {
            float * target = x + static_cast<size_t>(first + row) * width(w) + column;
            w.kernels->add(target, values, n, target);
        });
    };
    if (matrix.type == WeightType::Int8) each_chunk(rows, project);
    else project(0, rows);
}

void feed_forward(const Workspace & w, int layer, int rows, float * x) {
    const LayerWeights & weights = w.weights->layer(layer);
    const size_t stride = kernels::padded_stride(static_cast<size_t>(w.hyperparameters().feed_forward_size));
    each_chunk(rows, [&](int first, int count) {
        float * chunk = x + static_cast<size_t>(first) * width(w);
        normalise(w, chunk, count, weights.feed_forward_norm, weights.gate);
        linear_pair(w, w.normalised, norm_stride(w), count, weights.gate, weights.up,
                    [&](int row, int column, const float * gate, const float * up, int n) {
                        w.kernels->silu_mul(gate, up, n, w.feed_forward + static_cast<size_t>(row) * stride + column);
                    });
        quantise_rows(w, w.feed_forward, stride, count, weights.down);
        linear(w, w.feed_forward, stride, count, weights.down, [&](int row, int column, const float * values, int n) {
            float * target = chunk + static_cast<size_t>(row) * width(w) + column;
            w.kernels->add(target, values, n, target);
        });
    });
}

void output_norm(const Workspace & w, const float * x, int rows, float * out) {
    const Hyperparameters & h = w.hyperparameters();
    each_row(w, rows, [&](int row) {
        const size_t at = static_cast<size_t>(row) * width(w);
        w.kernels->rms_norm(x + at, w.weights->output_norm(), h.hidden_size, h.rms_norm_epsilon, out + at);
    });
}

}  // namespace clmbr::cpu
