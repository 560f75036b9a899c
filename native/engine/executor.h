// Runs batches of one model on the CPU.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "architecture/llama_cpu.h"
#include "batch.h"
#include "weights.h"

struct ggml_threadpool;

namespace clmbr {

class Executor {
public:
    Executor(std::shared_ptr<const Weights> weights, std::shared_ptr<ThreadPool> pool, const kernels::Kernels & kernels);
    Executor(const Executor &) = delete;

    // One call at a time. Throws Error: INVALID_ARGUMENT, OUT_OF_MEMORY, ABORTED when `cancelled` was set, INTERNAL. Outputs are
    // undefined then.
    // With a `store`, which has room for the one sequence of the batch, its keys and values are kept there.
    void run(const Batch & batch, const std::atomic<bool> & cancelled, const KeyValueStore * store = nullptr);

    // Appends one token to each continuation and calls finish(workspace, hidden states [rows, hidden_size]). Rows of one history stand
    // together. Does not change their lengths. Throws like run().
    using Finish = std::function<void(const cpu::Workspace & workspace, const float * hidden)>;
    void run_step(const std::vector<int32_t> & tokens, const std::vector<Continuation *> & continuations, const std::atomic<bool> & cancelled,
                  const Finish & finish);

    const Weights & weights() const { return *weights_; }
    const kernels::Kernels & kernels() const { return kernels_; }
    int threads() const { return pool_->threads(); }
    ThreadPool & pool() const { return *pool_; }

private:
    void compute(cpu::Workspace & workspace, const Finish & finish);

    std::shared_ptr<const Weights> weights_;
    std::shared_ptr<ThreadPool> pool_;
    const kernels::Kernels & kernels_;
    struct FreeGgml {
        void operator()(ggml_context * context) const;
        void operator()(ggml_threadpool * pool) const;
    };
    Buffer memory_;        // activations; kept from pass to pass
    Buffer head_memory_;   // logits; kept too
    Buffer graph_memory_;  // ggml's tensors and graph
    // Made once: what a pass asks for can fail.
    std::unique_ptr<ggml_context, FreeGgml> context_;
    std::unique_ptr<ggml_threadpool, FreeGgml> graph_thread_;
    std::vector<LlamaNode> nodes_;
};

}  // namespace clmbr
