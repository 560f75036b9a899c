// Weights in memory: matrices packed into panels for the kernels, once, in the type that the file has, or quantised to int8.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "../kernels/kernels.h"
#include "memory.h"
#include "rotation.h"
#include "tensor_table.h"
#include "thread_pool.h"

namespace clmbr {

struct LayerWeights {
    const float * attention_norm = nullptr;
    const float * feed_forward_norm = nullptr;
    kernels::PackedMatrix query, key, value, attention_output, gate, up, down;
};

class Weights {
public:
    using Progress = std::function<void(uint64_t bytes)>;

    // Reads and packs every tensor on the threads of `pool`. Throws Error; `cancelled` ends it with ABORTED. `progress` is
    // called from any thread with the bytes that a step has added.
    Weights(const ModelDescription & description, ThreadPool & pool, const std::atomic<bool> & cancelled, const Progress & progress);

    // The copy that this process holds already, or a new one. Equal keys mean the same file in the same state.
    static std::shared_ptr<const Weights> shared(const ModelDescription & description, ThreadPool & pool,
                                                 const std::atomic<bool> & cancelled, const Progress & progress);

    const Hyperparameters & hyperparameters() const { return hyperparameters_; }
    const RotationTable & rotation() const { return rotation_; }
    const LayerWeights & layer(int index) const { return layers_[static_cast<size_t>(index)]; }
    const float * output_norm() const { return output_norm_; }
    const kernels::PackedMatrix & output() const { return output_; }
    Compute compute() const { return compute_; }
    size_t bytes() const { return buffer_.bytes(); }

    // The embedding of `token` in F32.
    void embedding(const kernels::Kernels & kernels, int token, float * out) const;

private:
    struct Placed;

    void place(const ModelDescription & description, Arena & arena, std::vector<Placed> & placed);

    Hyperparameters hyperparameters_;
    Compute compute_;
    RotationTable rotation_;
    std::vector<LayerWeights> layers_;
    const float * output_norm_ = nullptr;
    kernels::PackedMatrix output_;
    // Row-major, as in the file; absent when tied, where rows are gathered from the packed output matrix.
    const uint8_t * embedding_rows_ = nullptr;
    kernels::WeightType embedding_type_ = kernels::WeightType::F32;
    Buffer buffer_;
};

}  // namespace clmbr
