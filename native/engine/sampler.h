// From logits to a drawn event, in the order and meaning of transformers' generate: forbidden events, temperature, top-k, top-p.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/kernels.h"

namespace clmbr {

struct SamplerSettings {
    float temperature = 1;  // 0: always the most probable event, the lowest id among equals
    int top_k = 0;          // 0: off. Events as probable as the k-th stay.
    double top_p = 1;       // 1: off. The most probable events that together reach this mass; at least one.
    std::vector<int32_t> forbidden;     // never drawn
    std::vector<int32_t> early;         // not drawn before `least_events`
    std::vector<int32_t> target;        // whose joint probability is reported, as the model has it, before anything is forbidden
    int least_events = 0;
    uint64_t seed = 0;
};

struct Draw {
    int32_t id = 0;
    float log_probability = 0;     // under the model itself: not reshaped, nothing forbidden
    float target_probability = 0;
    bool possible = true;          // false: everything is forbidden, or the logits are not finite; `id` means nothing
};

// Scratch memory for one vocabulary; one for each thread.
struct SamplerMemory {
    std::vector<float> logits, weights;
    std::vector<int32_t> order;
    explicit SamplerMemory(size_t vocabulary) : logits(vocabulary), weights(vocabulary), order(vocabulary) {}
};

// Weights (not normalised; 0: cannot be drawn) of every event after temperature, top-k and top-p, from `memory.logits`, which it
// changes, into `memory.weights`. Returns their sum.
double shape_distribution(const kernels::Kernels & kernels, const SamplerSettings & settings, SamplerMemory & memory);

// Draws event number `event` of sample `sample` after `logits`.
Draw draw(const kernels::Kernels & kernels, const SamplerSettings & settings, const float * logits, int vocabulary, uint64_t sample,
          uint64_t event, SamplerMemory & memory);

}  // namespace clmbr
