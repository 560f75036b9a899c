// A tiny random Llama in a temporary file, and what it computes in F64 by the plainest possible code.
#pragma once

#include <map>
#include <utility>

#include "../engine/tensor_table.h"
#include "matrix.h"

namespace clmbr::test {

struct ModelOptions {
    int hidden_size = 64, layers = 2, heads = 4, kv_heads = 2, head_size = 16, feed_forward = 96, vocabulary = 50, context = 400;
    kernels::WeightType type = kernels::WeightType::F32;            // of the matrices in layers
    kernels::WeightType embedding_type = kernels::WeightType::F32;  // of embedding and output
    bool tied = false;
    bool permuted = false;  // query and key rows as llama.cpp orders them
    uint64_t seed = 1;
};

class Model {
public:
    explicit Model(const ModelOptions & options = {});
    ~Model();
    Model(const Model &) = delete;

    const Hyperparameters & h() const { return description.hyperparameters; }
    // In checkpoint order; layer -1 is outside of the layers.
    const Matrix & weights(Role role, int layer = -1) const { return weights_.at({role, layer}); }

    // [tokens][hidden_size] after the final norm, for one sequence.
    std::vector<std::vector<double>> hidden(const std::vector<int32_t> & tokens) const;
    std::vector<double> logits(const std::vector<double> & hidden) const;

    ModelDescription description;

private:
    void add(Role role, int layer, const Matrix & matrix, int permuted_heads = 0);

    std::map<std::pair<Role, int>, Matrix> weights_;
    std::vector<uint8_t> file_;
};

// A path that no other test uses.
std::string temporary_path();
void write_bytes(const std::string & path, const std::vector<uint8_t> & bytes);

// The rows of a checkpoint in the order of llama.cpp: in each head, rows of its two halves alternate.
Matrix permuted_rows(const Matrix & matrix, int heads);

}  // namespace clmbr::test
