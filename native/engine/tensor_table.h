// What JavaScript read from the model file: where each weight lies. The addon parses no file itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../kernels/layout.h"
#include "hyperparameters.h"

namespace clmbr {

enum class Role : uint8_t {
    TokenEmbedding,
    OutputNorm,
    Output,
    AttentionNorm,
    Query,
    Key,
    Value,
    AttentionOutput,
    FeedForwardNorm,
    Gate,
    Up,
    Down,
};

constexpr int kRoleCount = 12;

struct TensorEntry {
    std::string name;
    Role role = Role::TokenEmbedding;
    int layer = -1;  // -1: not part of a layer
    kernels::WeightType type = kernels::WeightType::F32;
    int rows = 0;
    int columns = 0;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    // Heads whose rows lie as llama.cpp orders them (pairs side by side); 0 when rows are in checkpoint order.
    int permuted_heads = 0;
};

// What operands of matrix products are.
enum class Compute : uint8_t { F32, Int8 };

struct ModelDescription {
    std::string path;  // UTF-8
    std::string key;   // identifies the file and its state; equal keys share one copy of the weights
    uint64_t file_size = 0;
    Compute compute = Compute::F32;
    Hyperparameters hyperparameters;
    std::vector<TensorEntry> tensors;
};

// Bytes of one row of `columns` weights in the file.
uint64_t row_bytes(kernels::WeightType type, int columns);

// Throws Error INVALID_ARGUMENT unless exactly the tensors of the architecture are there, each once, with the sizes that the
// hyper-parameters imply, and inside the file.
void check_description(const ModelDescription & description);

}  // namespace clmbr
