#include "device_continuations.h"

#include <algorithm>

namespace clmbr {

DeviceContinuations::DeviceContinuations(Device & device, const Hyperparameters & h, int history, int samples, int capacity)
    : context_(4 * static_cast<size_t>(h.layer_count)),
      there_(static_cast<size_t>(samples), true),
      events_(static_cast<size_t>(samples), 0) {
    ggml_context * c = context_.get();
    cache_.history = history;
    cache_.samples = std::max(samples, 1);
    // Whole blocks, so that a step looks at few different lengths.
    cache_.capacity = (std::max(capacity, 1) + 31) / 32 * 32;
    const int64_t width = h.kv_width();
    for (int i = 0; i < h.layer_count; i++)
        cache_.layers.push_back({ggml_new_tensor_2d(c, GGML_TYPE_F32, width, history), ggml_new_tensor_2d(c, GGML_TYPE_F32, history, width),
                                 ggml_new_tensor_2d(c, GGML_TYPE_F32, width, int64_t(cache_.capacity) * cache_.samples),
                                 ggml_new_tensor_2d(c, GGML_TYPE_F32, cache_.capacity, width * cache_.samples)});
    buffer_ = allocate_tensors(device, c, "keys and values of " + std::to_string(history) + " events and " + std::to_string(samples) + " samples");
    // What no event has filled yet has weight 0, which only helps where it is a number.
    ggml_backend_buffer_clear(buffer_.get(), 0);
}

}  // namespace clmbr
