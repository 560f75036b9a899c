// A loaded model on one device: what the binding calls, whichever device it is.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "batch.h"
#include "sampler.h"

namespace clmbr {

// A history and the samples that continue it, with their keys and values on the device.
class Continuations {
public:
    virtual ~Continuations() = default;

    // Memory of keys and values.
    virtual size_t bytes() const = 0;

    // Whether `sample` is there and was not released.
    virtual bool has(size_t sample) const = 0;

    // Ends one sample, and frees its memory where the device keeps that apart.
    virtual void release(size_t sample) = 0;

    // Takes a sample back to the end of the history, for another to use its memory.
    virtual void rewind(size_t sample) = 0;
};

// One sample in one step.
struct Advance {
    Continuations * continuations;
    size_t slot;      // which of its samples
    int32_t token;    // its last event, appended before the next one is drawn; -1: the first event after the history
    uint64_t sample;  // its number, for the random generator
    uint64_t event;   // how many events were drawn for it before
};

struct EngineInfo {
    std::string device;     // 'cpu', 'cpu-reference', 'cuda:0'
    std::string kernels;    // instruction set of what runs on the processor
    std::string attention;  // 'kernel' (ours), 'flash' or 'softmax'
    int threads = 1;
    size_t weight_bytes = 0;
};

class Engine {
public:
    virtual ~Engine() = default;

    virtual const Hyperparameters & hyperparameters() const = 0;
    virtual EngineInfo info() const = 0;

    // The following: one call at a time. They throw Error: INVALID_ARGUMENT, OUT_OF_MEMORY, DEVICE_UNAVAILABLE, ABORTED when
    // `cancelled` was set, INTERNAL.

    // Writes every output of the batch; on failure they are undefined.
    virtual void run(const Batch & batch, const std::atomic<bool> & cancelled) = 0;

    // Computes a history of 1 to context_length tokens, for `samples` continuations of at most `capacity` further events.
    virtual std::shared_ptr<Continuations> prefill(const std::vector<int32_t> & tokens, int samples, int capacity,
                                                   const std::atomic<bool> & cancelled) = 0;

    // Appends each row's token and draws its next event. Rows of the same continuations must stand together and no sample may appear
    // twice. On failure nothing was appended.
    virtual std::vector<Draw> step(const std::vector<Advance> & rows, const SamplerSettings & settings,
                                   const std::atomic<bool> & cancelled) = 0;
};

}  // namespace clmbr
