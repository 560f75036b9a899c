// Continuing timelines event by event: histories computed once, samples that advance together.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "executor.h"
#include "key_value_cache.h"
#include "sampler.h"

namespace clmbr {

// One sample in one step.
struct StepRow {
    Continuation * continuation;
    int32_t token;    // its last event, appended before the next one is drawn; -1: the first event after the history
    uint64_t sample;  // its number, for the random generator
    uint64_t event;   // how many events were drawn for it before
};

// Computes a timeline and keeps its keys, values and last logits. Throws Error.
std::shared_ptr<const History> prefill(Executor & executor, const std::vector<int32_t> & tokens, const std::atomic<bool> & cancelled);

// Appends each row's token and draws its next event. Rows of one history must stand together. Results do not depend on which rows share a
// step. Throws Error; continuations are unchanged then.
std::vector<Draw> step(Executor & executor, const std::vector<StepRow> & rows, const SamplerSettings & settings,
                       const std::atomic<bool> & cancelled);

}  // namespace clmbr
