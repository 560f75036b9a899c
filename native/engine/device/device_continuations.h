// Keys and values of a history and its samples on a device.
#pragma once

#include <vector>

#include "../engine.h"
#include "llama_graph.h"

namespace clmbr {

class DeviceContinuations : public Continuations {
public:
    // Throws Error OUT_OF_MEMORY.
    DeviceContinuations(Device & device, const Hyperparameters & h, int history, int samples, int capacity);

    size_t bytes() const override { return ggml_backend_buffer_get_size(buffer_.get()); }
    bool has(size_t sample) const override { return sample < there_.size() && there_[sample]; }
    // All tails lie in one piece of memory, which is freed with the last of them.
    void release(size_t sample) override {
        if (sample < there_.size()) there_[sample] = false;
    }
    void rewind(size_t sample) override {
        if (has(sample)) events_[sample] = 0;
    }

    const DeviceCache & cache() const { return cache_; }
    int events(size_t sample) const { return events_[sample]; }  // in its tail
    void append(size_t sample) { events_[sample]++; }

    std::vector<float> logits;  // of the event after the history

private:
    TensorContext context_;
    DeviceCache cache_;
    DeviceBuffer buffer_;
    std::vector<bool> there_;
    std::vector<int> events_;
};

}  // namespace clmbr
