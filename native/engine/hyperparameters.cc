#include "hyperparameters.h"

#include <cmath>
#include <string>

#include "error.h"

namespace clmbr {

void check_hyperparameters(const Hyperparameters & h) {
    const auto require = [](bool holds, const char * what, long long found) {
        if (!holds) throw Error("INVALID_ARGUMENT", std::string(what) + ", found " + std::to_string(found) + ".");
    };
    require(h.context_length >= 1 && h.context_length <= 1 << 20, "Expected a context length of 1 to 1,048,576", h.context_length);
    require(h.hidden_size >= 1 && h.hidden_size <= 1 << 16, "Expected a hidden size of 1 to 65,536", h.hidden_size);
    require(h.layer_count >= 1 && h.layer_count <= 1024, "Expected 1 to 1,024 layers", h.layer_count);
    require(h.head_count >= 1 && h.head_count <= 1024, "Expected 1 to 1,024 heads", h.head_count);
    require(h.kv_head_count >= 1 && h.head_count % h.kv_head_count == 0,
            "Expected a number of key/value heads that divides the number of heads", h.kv_head_count);
    require(h.head_size >= 8 && h.head_size <= 256 && h.head_size % 8 == 0, "Expected a head size that is a multiple of 8 up to 256",
            h.head_size);
    require(h.feed_forward_size >= 1 && h.feed_forward_size <= 1 << 18, "Expected a feed-forward size of 1 to 262,144",
            h.feed_forward_size);
    require(h.vocabulary_size >= 1 && h.vocabulary_size <= 1 << 24, "Expected a vocabulary of 1 to 16,777,216 tokens",
            h.vocabulary_size);
    require(std::isfinite(h.rms_norm_epsilon) && h.rms_norm_epsilon >= 0, "Expected a finite epsilon of the norms", 0);
    require(static_cast<int>(h.inverse_frequencies.size()) == h.head_size / 2, "Expected half a head of rotation frequencies",
            static_cast<long long>(h.inverse_frequencies.size()));
}

}  // namespace clmbr
