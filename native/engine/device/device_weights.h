// Weights on a device, uploaded once and shared by the models of this process that use the same file on the same device.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "../tensor_table.h"
#include "graph.h"

namespace clmbr {

struct DeviceLayer {
    ggml_tensor *attention_norm, *query, *key, *value, *attention_output, *feed_forward_norm, *gate, *up, *down;
};

class DeviceWeights {
public:
    using Progress = std::function<void(uint64_t bytes)>;

    // Uploads every tensor in the type that the file has, or in F32 where the device cannot compute with that type. Rows of queries and
    // keys are brought into checkpoint order. Throws Error.
    DeviceWeights(const ModelDescription & description, Device & device, const std::atomic<bool> & cancelled, const Progress & progress);

    static std::shared_ptr<const DeviceWeights> shared(const ModelDescription & description, Device & device,
                                                       const std::atomic<bool> & cancelled, const Progress & progress);

    const Hyperparameters & hyperparameters() const { return hyperparameters_; }
    const DeviceLayer & layer(int index) const { return layers_[static_cast<size_t>(index)]; }
    ggml_tensor * embedding() const { return embedding_; }
    ggml_tensor * output_norm() const { return output_norm_; }
    ggml_tensor * output() const { return output_; }
    // [head_size, context_length]: the cosine of each angle twice, and its sine, first negative, then positive.
    ggml_tensor * cosine() const { return cosine_; }
    ggml_tensor * sine() const { return sine_; }
    size_t bytes() const { return ggml_backend_buffer_get_size(buffer_.get()); }

private:
    void create(const ModelDescription & description, const Device & device);
    ggml_tensor *& slot(const TensorEntry & entry);
    void upload_rotation();

    Hyperparameters hyperparameters_;
    TensorContext context_;
    std::vector<DeviceLayer> layers_;
    ggml_tensor *embedding_ = nullptr, *output_norm_ = nullptr, *output_ = nullptr, *cosine_ = nullptr, *sine_ = nullptr;
    DeviceBuffer buffer_;
};

}  // namespace clmbr
