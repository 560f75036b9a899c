// The Llama graph of stock ggml operators, for every device but the processor's own kernels.
//
// Compute type: F32 activations; products accumulate in F32 where the backend honours GGML_PREC_F32. A backend may still round the
// operands of a product to its fast type (docs/devices.md says which does).
#pragma once

#include <string>
#include <vector>

#include "device_weights.h"

namespace clmbr {

enum class AttentionPath : uint8_t { Automatic, Flash, Softmax };

// Keys and values of a history and of the samples that continue it, in F32. Tails have room for `capacity` events of each sample.
struct DeviceCache {
    struct Layer {
        ggml_tensor *history_keys;    // [kv_width, history]
        ggml_tensor *history_values;  // [history, kv_width]
        ggml_tensor *tail_keys;       // [kv_width, capacity * samples]
        ggml_tensor *tail_values;     // [capacity, kv_width * samples]
    };
    std::vector<Layer> layers;
    int history = 0, capacity = 0, samples = 0;
};

// Sequences side by side, all padded on the right to one length: causal attention never looks there.
struct BodyShape {
    int sequences = 1, length = 1;
    int rows = 0;  // of each sequence that the last layer computes; 0: all
};

struct BodyGraph {
    ggml_cgraph * graph = nullptr;
    ggml_tensor * tokens = nullptr;         // int32 [sequences * length]
    // Where the last layer computes some rows only:
    ggml_tensor * rows = nullptr;           // int32 [sequences * rows], indices into tokens
    ggml_tensor * row_positions = nullptr;  // int32 [sequences * rows]
    ggml_tensor * row_mask = nullptr;       // F16 [length, rows, 1, sequences]
    ggml_tensor * hidden = nullptr;         // [hidden_size, sequences * (rows or length)]
};

// A step: one token of each sample in a run of neighbours.
struct StepShape {
    int first = 0, count = 1;  // samples
    int tail = 1;              // events of tails that are looked at
};

struct StepGraph {
    ggml_cgraph * graph = nullptr;
    ggml_tensor * tokens = nullptr;         // int32 [count]
    ggml_tensor * positions = nullptr;      // int32 [count]
    ggml_tensor * key_places = nullptr;     // int64 [count], columns of tail_keys
    ggml_tensor * value_places = nullptr;   // int64 [count * kv_width], elements of tail_values
    ggml_tensor * mask = nullptr;           // F16 [history + tail, count]
    ggml_tensor * logits = nullptr;         // [vocabulary_size, count]
};

struct HeadGraph {
    ggml_cgraph * graph = nullptr;
    ggml_tensor * hidden = nullptr;  // [hidden_size, rows]
    ggml_tensor * logits = nullptr;  // [vocabulary_size, rows]
};

// Tensors and nodes that a graph of these layers needs at most.
size_t device_graph_tensors(const Hyperparameters & h);

// Builders. They throw Error DEVICE_UNAVAILABLE where the device lacks an operator. `causal_mask`: F16 [length, length], on the device.
// With a cache, keys and values of the one sequence, whose length is that of the history, are kept there.
BodyGraph build_body(ggml_context * context, const DeviceWeights & weights, const Device & device, AttentionPath path, const BodyShape & shape,
                     ggml_tensor * causal_mask, const DeviceCache * cache);
StepGraph build_step(ggml_context * context, const DeviceWeights & weights, const Device & device, const StepShape & shape, const DeviceCache & cache);
HeadGraph build_head(ggml_context * context, const DeviceWeights & weights, const Device & device, int rows);

// Whether flash attention is there for heads of this size and keys and values in F32.
bool has_flash_attention(const Device & device, const Hyperparameters & h);

}  // namespace clmbr
