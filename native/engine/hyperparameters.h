#pragma once

#include <cstdint>
#include <vector>

namespace clmbr {

// The Llama family in its general form. Checked in JavaScript against the file, and again where memory depends on it.
struct Hyperparameters {
    int context_length = 0;
    int hidden_size = 0;
    int layer_count = 0;
    int head_count = 0;
    int kv_head_count = 0;
    int head_size = 0;
    int feed_forward_size = 0;
    int vocabulary_size = 0;
    float rms_norm_epsilon = 0;
    bool tied_embeddings = false;
    std::vector<float> inverse_frequencies;  // head_size / 2

    int query_width() const { return head_count * head_size; }
    int kv_width() const { return kv_head_count * head_size; }
};

// Throws Error INVALID_ARGUMENT when a size is out of the range that the engine computes with.
void check_hyperparameters(const Hyperparameters & h);

}  // namespace clmbr
