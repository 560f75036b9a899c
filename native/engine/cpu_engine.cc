#include "cpu_engine.h"

#include "generation.h"

namespace clmbr {
namespace {

class CpuContinuations : public Continuations {
public:
    CpuContinuations(const Hyperparameters & h, std::shared_ptr<const History> history, int samples, int capacity)
        : history_(std::move(history)) {
        for (int i = 0; i < samples; i++) samples_.push_back(std::make_unique<Continuation>(h, history_, capacity));
    }

    size_t bytes() const override {
        size_t bytes = history_->store.bytes();
        for (const auto & sample : samples_) bytes += sample ? sample->store.bytes() : 0;
        return bytes;
    }
    bool has(size_t sample) const override { return sample < samples_.size() && samples_[sample]; }
    void release(size_t sample) override {
        if (has(sample)) samples_[sample].reset();
    }
    void rewind(size_t sample) override {
        if (has(sample)) samples_[sample]->length = history_->length;
    }
    Continuation * sample(size_t index) { return samples_[index].get(); }

private:
    std::shared_ptr<const History> history_;
    std::vector<std::unique_ptr<Continuation>> samples_;
};

}  // namespace

EngineInfo CpuEngine::info() const {
    return {"cpu", executor_.kernels().name, "kernel", executor_.threads(), executor_.weights().bytes()};
}

std::shared_ptr<Continuations> CpuEngine::prefill(const std::vector<int32_t> & tokens, int samples, int capacity,
                                                  const std::atomic<bool> & cancelled) {
    return std::make_shared<CpuContinuations>(hyperparameters(), clmbr::prefill(executor_, tokens, cancelled), samples, capacity);
}

std::vector<Draw> CpuEngine::step(const std::vector<Advance> & rows, const SamplerSettings & settings, const std::atomic<bool> & cancelled) {
    std::vector<StepRow> steps;
    for (const Advance & row : rows)
        steps.push_back({static_cast<CpuContinuations *>(row.continuations)->sample(row.slot), row.token, row.sample, row.event});
    return clmbr::step(executor_, steps, settings, cancelled);
}

}  // namespace clmbr
