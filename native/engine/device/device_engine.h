// The engine on a device of ggml: a GPU, or the processor with ggml's own operators as the reference for it.
#pragma once

#include <map>

#include "../engine.h"
#include "../thread_pool.h"
#include "device_continuations.h"
#include "length_buckets.h"
#include "llama_graph.h"

namespace clmbr {

struct DeviceOptions {
    std::string device;
    AttentionPath attention = AttentionPath::Automatic;
    size_t memory_limit = SIZE_MAX;  // of graphs and caches; for tests
};

class DeviceEngine : public Engine {
public:
    // Opens the device and uploads the weights. Throws Error.
    DeviceEngine(const ModelDescription & description, const DeviceOptions & options, std::shared_ptr<ThreadPool> pool,
                 const kernels::Kernels & kernels, const std::atomic<bool> & cancelled, const DeviceWeights::Progress & progress);
    ~DeviceEngine() override;

    const Hyperparameters & hyperparameters() const override { return weights_->hyperparameters(); }
    EngineInfo info() const override;
    void run(const Batch & batch, const std::atomic<bool> & cancelled) override;
    std::shared_ptr<Continuations> prefill(const std::vector<int32_t> & tokens, int samples, int capacity,
                                           const std::atomic<bool> & cancelled) override;
    std::vector<Draw> step(const std::vector<Advance> & rows, const SamplerSettings & settings, const std::atomic<bool> & cancelled) override;

    // Padded tokens that come together at most. It shrinks when the device runs out of memory.
    int budget() const { return budget_; }

private:
    template <class Work>
    void work(const std::atomic<bool> & cancelled, Work work);
    void compute_hidden(const Batch & batch, const BatchLayout & layout, const std::atomic<bool> & cancelled, const DeviceCache * cache, float * hidden);
    bool compute_bucket(const Batch & batch, const BatchLayout & layout, const LengthBucket & bucket, const DeviceCache * cache, float * hidden);
    void compute_logits(const float * hidden, size_t stride, int count, float * const * targets);
    void compute_step(DeviceContinuations & continuations, const std::vector<Advance> & rows, size_t begin, size_t end, float * logits);
    ggml_tensor * causal_mask(int length);

    struct Mask {
        std::unique_ptr<TensorContext> context;
        DeviceBuffer buffer;
        ggml_tensor * tensor;
    };

    Device device_;
    std::shared_ptr<ThreadPool> pool_;
    const kernels::Kernels & kernels_;
    AttentionPath attention_;
    std::shared_ptr<const DeviceWeights> weights_;
    std::map<int, Mask> masks_;
    GraphMemory memory_;
    Buffer head_memory_;  // on the host: logits, kept from pass to pass
    int budget_;
};

}  // namespace clmbr
