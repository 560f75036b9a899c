#include "tensor_table.h"

#include "error.h"

namespace clmbr {
namespace {

struct Shape {
    int rows, columns;
    bool vector;
};

Shape expected_shape(Role role, const Hyperparameters & h) {
    switch (role) {
        case Role::TokenEmbedding:
        case Role::Output: return {h.vocabulary_size, h.hidden_size, false};
        case Role::OutputNorm:
        case Role::AttentionNorm:
        case Role::FeedForwardNorm: return {1, h.hidden_size, true};
        case Role::Query: return {h.query_width(), h.hidden_size, false};
        case Role::Key:
        case Role::Value: return {h.kv_width(), h.hidden_size, false};
        case Role::AttentionOutput: return {h.hidden_size, h.query_width(), false};
        case Role::Gate:
        case Role::Up: return {h.feed_forward_size, h.hidden_size, false};
        case Role::Down: return {h.hidden_size, h.feed_forward_size, false};
    }
    return {0, 0, false};
}

bool of_layer(Role role) { return role != Role::TokenEmbedding && role != Role::OutputNorm && role != Role::Output; }

[[noreturn]] void refuse(const TensorEntry & t, const std::string & what) {
    throw Error("INVALID_ARGUMENT", "Tensor " + t.name + ": " + what + ".");
}

void check_entry(const TensorEntry & t, const ModelDescription & d) {
    const Hyperparameters & h = d.hyperparameters;
    const Shape shape = expected_shape(t.role, h);
    if (t.rows != shape.rows || t.columns != shape.columns)
        refuse(t, "expected " + std::to_string(shape.rows) + " x " + std::to_string(shape.columns) + ", found " +
                      std::to_string(t.rows) + " x " + std::to_string(t.columns));
    if (shape.vector && t.type != kernels::WeightType::F32) refuse(t, "expected F32 for a norm");
    if (t.type == kernels::WeightType::Q8_0 && t.columns % kernels::kQ8Block != 0)
        refuse(t, "expected columns in multiples of 32 for Q8_0, found " + std::to_string(t.columns));
    if (of_layer(t.role) ? t.layer < 0 || t.layer >= h.layer_count : t.layer != -1)
        refuse(t, "found layer " + std::to_string(t.layer) + " of " + std::to_string(h.layer_count));
    const int heads = t.role == Role::Query ? h.head_count : t.role == Role::Key ? h.kv_head_count : 0;
    if (t.permuted_heads != 0 && t.permuted_heads != heads)
        refuse(t, "expected " + std::to_string(heads) + " permuted heads, found " + std::to_string(t.permuted_heads));
    const uint64_t bytes = row_bytes(t.type, t.columns) * static_cast<uint64_t>(t.rows);
    if (t.bytes != bytes) refuse(t, "expected " + std::to_string(bytes) + " bytes, found " + std::to_string(t.bytes));
    if (t.offset > d.file_size || t.bytes > d.file_size - t.offset) refuse(t, "its data lies beyond the end of the file");
}

}  // namespace

uint64_t row_bytes(kernels::WeightType type, int columns) {
    const uint64_t n = static_cast<uint64_t>(columns);
    switch (type) {
        case kernels::WeightType::F32: return n * 4;
        case kernels::WeightType::F16:
        case kernels::WeightType::BF16: return n * 2;
        case kernels::WeightType::Q8_0: return n / kernels::kQ8Block * (kernels::kQ8Block + 2);
        case kernels::WeightType::Int8: break;  // never in rows
    }
    return 0;
}

void check_description(const ModelDescription & d) {
    const Hyperparameters & h = d.hyperparameters;
    check_hyperparameters(h);
    std::vector<int> seen(static_cast<size_t>(h.layer_count + 1) * kRoleCount, 0);
    for (const TensorEntry & t : d.tensors) {
        check_entry(t, d);
        if (++seen[static_cast<size_t>(t.layer + 1) * kRoleCount + static_cast<size_t>(t.role)] > 1) refuse(t, "it is there twice");
    }
    for (int layer = -1; layer < h.layer_count; layer++) {
        for (int r = 0; r < kRoleCount; r++) {
            const Role role = static_cast<Role>(r);
            const bool needed = (layer >= 0) == of_layer(role) && !(role == Role::Output && h.tied_embeddings);
            const int count = seen[static_cast<size_t>(layer + 1) * kRoleCount + static_cast<size_t>(r)];
            if (count != (needed ? 1 : 0))
                throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(needed) + " tensor of role " + std::to_string(r) +
                                                    " in layer " + std::to_string(layer) + ", found " + std::to_string(count) + ".");
        }
    }
}

}  // namespace clmbr
