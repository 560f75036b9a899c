// Runs batches of one model on the CPU.
#pragma once

#include <atomic>
#include <memory>

#include "architecture/llama_cpu.h"
#include "batch.h"
#include "weights.h"

struct ggml_threadpool;

namespace clmbr {

class Executor {
public:
    Executor(std::shared_ptr<const Weights> weights, std::shared_ptr<ThreadPool> pool, const kernels::Kernels & kernels);
    ~Executor();
    Executor(const Executor &) = delete;

    // One call at a time. Throws Error: INVALID_ARGUMENT, OUT_OF_MEMORY, ABORTED when `cancelled` was set, INTERNAL. Outputs are
    // undefined then.
    void run(const Batch & batch, const std::atomic<bool> & cancelled);

    const Weights & weights() const { return *weights_; }
    const kernels::Kernels & kernels() const { return kernels_; }
    int threads() const { return pool_->threads(); }

private:
    std::shared_ptr<const Weights> weights_;
    std::shared_ptr<ThreadPool> pool_;
    const kernels::Kernels & kernels_;
    ggml_threadpool * graph_thread_ = nullptr;
    Buffer memory_;        // activations; kept from pass to pass
    Buffer graph_memory_;  // ggml's tensors and graph
    std::vector<LlamaNode> nodes_;
};

}  // namespace clmbr
