// The engine on the processor, with our own kernels.
#pragma once

#include "engine.h"
#include "executor.h"

namespace clmbr {

class CpuEngine : public Engine {
public:
    CpuEngine(std::shared_ptr<const Weights> weights, std::shared_ptr<ThreadPool> pool, const kernels::Kernels & kernels)
        : executor_(std::move(weights), std::move(pool), kernels) {}

    const Hyperparameters & hyperparameters() const override { return executor_.weights().hyperparameters(); }
    EngineInfo info() const override;
    void run(const Batch & batch, const std::atomic<bool> & cancelled) override { executor_.run(batch, cancelled); }
    std::shared_ptr<Continuations> prefill(const std::vector<int32_t> & tokens, int samples, int capacity,
                                           const std::atomic<bool> & cancelled) override;
    std::vector<Draw> step(const std::vector<Advance> & rows, const SamplerSettings & settings, const std::atomic<bool> & cancelled) override;

private:
    Executor executor_;
};

}  // namespace clmbr
