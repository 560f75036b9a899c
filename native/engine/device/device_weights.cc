#include "device_weights.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

#include "../../kernels/kernels.h"
#include "../error.h"
#include "../file.h"
#include "../finite.h"
#include "../loading.h"
#include "../packing.h"
#include "../rotation.h"

namespace clmbr {
namespace {

using kernels::WeightType;

// Bytes that are read and uploaded at a time.
constexpr size_t kPiece = size_t(16) << 20;

ggml_type ggml_type_of(WeightType type) {
    switch (type) {
        case WeightType::F32: return GGML_TYPE_F32;
        case WeightType::F16: return GGML_TYPE_F16;
        case WeightType::BF16: return GGML_TYPE_BF16;
        case WeightType::Q8_0: return GGML_TYPE_Q8_0;
        case WeightType::Int8: break;  // never in files
    }
    return GGML_TYPE_F32;
}

// Whether the device multiplies with, and gathers rows of, matrices of this type.
bool computes_with(const Device & device, ggml_type type, int columns, int rows, bool embedding) {
    const TensorContext context(4);
    ggml_tensor * matrix = ggml_new_tensor_2d(context.get(), type, columns, rows);
    ggml_tensor * other = ggml_new_tensor_2d(context.get(), embedding ? GGML_TYPE_I32 : GGML_TYPE_F32, embedding ? 8 : columns, embedding ? 1 : 8);
    return device.supports(embedding ? ggml_get_rows(context.get(), matrix, other) : ggml_mul_mat(context.get(), matrix, other));
}

struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<const DeviceWeights>> held;
};

// Never destroyed: worker threads may end after the process has begun to.
Registry & registry() {
    static Registry * instance = new Registry;
    return *instance;
}

}  // namespace

ggml_tensor *& DeviceWeights::slot(const TensorEntry & t) {
    DeviceLayer * layer = t.layer < 0 ? nullptr : &layers_[static_cast<size_t>(t.layer)];
    switch (t.role) {
        case Role::TokenEmbedding: return embedding_;
        case Role::OutputNorm: return output_norm_;
        case Role::Output: return output_;
        case Role::AttentionNorm: return layer->attention_norm;
        case Role::FeedForwardNorm: return layer->feed_forward_norm;
        case Role::Query: return layer->query;
        case Role::Key: return layer->key;
        case Role::Value: return layer->value;
        case Role::AttentionOutput: return layer->attention_output;
        case Role::Gate: return layer->gate;
        case Role::Up: return layer->up;
        case Role::Down: break;
    }
    return layer->down;
}

void DeviceWeights::create(const ModelDescription & description, const Device & device) {
    for (const TensorEntry & t : description.tensors) {
        const bool norm = t.role == Role::OutputNorm || t.role == Role::AttentionNorm || t.role == Role::FeedForwardNorm;
        if (norm) {
            slot(t) = ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, t.columns);
            continue;
        }
        const bool embedding = t.role == Role::TokenEmbedding;
        ggml_type type = ggml_type_of(t.type);
        if (embedding && !computes_with(device, type, t.columns, t.rows, true)) type = GGML_TYPE_F32;
        if ((!embedding || hyperparameters_.tied_embeddings) && !computes_with(device, type, t.columns, t.rows, false)) type = GGML_TYPE_F32;
        slot(t) = ggml_new_tensor_2d(context_.get(), type, t.columns, t.rows);
    }
    if (hyperparameters_.tied_embeddings) output_ = embedding_;
    cosine_ = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, hyperparameters_.head_size, hyperparameters_.context_length);
    sine_ = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, hyperparameters_.head_size, hyperparameters_.context_length);
}

DeviceWeights::DeviceWeights(const ModelDescription & description, Device & device, const std::atomic<bool> & cancelled, const Progress & progress)
    : hyperparameters_(description.hyperparameters),
      context_(description.tensors.size() + 2),
      layers_(static_cast<size_t>(description.hyperparameters.layer_count)) {
    const File file(description.path);
    if (file.size() != description.file_size)
        throw Error("FILE_UNREADABLE", "The file " + description.path + " changed while it was loaded: expected " +
                                           std::to_string(description.file_size) + " bytes, found " + std::to_string(file.size()) + ".");
    create(description, device);
    buffer_ = allocate_tensors(device, context_.get(), "weights");
    ggml_backend_buffer_set_usage(buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);

    std::vector<uint8_t> rows, ordered;
    std::vector<float> wide;
    const kernels::Kernels & kernels = *kernels::select_kernels(nullptr);
    for (const TensorEntry & t : description.tensors) {
        ggml_tensor * tensor = slot(t);
        const size_t bytes = row_bytes(t.type, t.columns);
        // Whole heads at a time where rows change places.
        const int unit = t.permuted_heads == 0 ? 1 : t.rows / t.permuted_heads;
        const int step = std::max(unit, static_cast<int>(kPiece / bytes) / unit * unit);
        for (int first = 0; first < t.rows; first += step) {
            if (cancelled) throw Error("ABORTED", "Loading was cancelled.");
            const int count = std::min(step, t.rows - first);
            rows.resize(bytes * static_cast<size_t>(count));
            file.read(t.offset + bytes * static_cast<size_t>(first), rows.data(), rows.size());
            check_finite(t, rows.data(), static_cast<uint64_t>(count));
            if (t.permuted_heads != 0) {
                ordered.resize(rows.size());
                for (int r = 0; r < count; r++)
                    std::memcpy(&ordered[bytes * static_cast<size_t>(r)], &rows[bytes * static_cast<size_t>(file_row(t, first + r) - first)], bytes);
                rows.swap(ordered);
            }
            if (tensor->type == ggml_type_of(t.type)) {
                ggml_backend_tensor_set(tensor, rows.data(), bytes * static_cast<size_t>(first), rows.size());
            } else {
                const size_t columns = static_cast<size_t>(t.columns);
                wide.resize(columns * static_cast<size_t>(count));
                for (int r = 0; r < count; r++) kernels.widen(&rows[bytes * static_cast<size_t>(r)], t.type, t.columns, &wide[columns * static_cast<size_t>(r)]);
                ggml_backend_tensor_set(tensor, wide.data(), columns * static_cast<size_t>(first) * sizeof(float), wide.size() * sizeof(float));
            }
            if (progress) progress(bytes * static_cast<size_t>(count));
        }
    }
    upload_rotation();
}

void DeviceWeights::upload_rotation() {
    const RotationTable table(hyperparameters_);
    const size_t size = static_cast<size_t>(hyperparameters_.head_size), half = size / 2;
    std::vector<float> cosine(size * static_cast<size_t>(hyperparameters_.context_length)), sine(cosine.size());
    for (int position = 0; position < hyperparameters_.context_length; position++) {
        float * c = &cosine[static_cast<size_t>(position) * size];
        float * s = &sine[static_cast<size_t>(position) * size];
        for (size_t i = 0; i < half; i++) {
            c[i] = c[half + i] = table.cosine(position)[i];
            s[half + i] = table.sine(position)[i];
            s[i] = -s[half + i];
        }
    }
    ggml_backend_tensor_set(cosine_, cosine.data(), 0, cosine.size() * sizeof(float));
    ggml_backend_tensor_set(sine_, sine.data(), 0, sine.size() * sizeof(float));
}

std::shared_ptr<const DeviceWeights> DeviceWeights::shared(const ModelDescription & description, Device & device,
                                                           const std::atomic<bool> & cancelled, const Progress & progress) {
    // The lock is held while loading: a second request for the same file waits and shares.
    const auto lock = wait_to_load(registry().mutex, cancelled);
    auto & held = registry().held;
    for (auto it = held.begin(); it != held.end();) it = it->second.expired() ? held.erase(it) : std::next(it);
    const std::string key = device.name() + "\n" + description.key;
    if (const auto found = held.find(key); found != held.end())
        if (std::shared_ptr<const DeviceWeights> weights = found->second.lock()) return weights;
    auto weights = std::make_shared<const DeviceWeights>(description, device, cancelled, progress);
    held[key] = weights;
    return weights;
}

}  // namespace clmbr
