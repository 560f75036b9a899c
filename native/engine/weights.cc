#include "weights.h"

#include <cstring>
#include <map>
#include <mutex>

#include "../kernels/half.h"
#include "error.h"
#include "file.h"
#include "finite.h"
#include "int8_packing.h"
#include "loading.h"
#include "packing.h"

namespace clmbr {

using kernels::kPanelWidth;
using kernels::PackedMatrix;
using kernels::WeightType;

// One tensor and where its packed form goes.
struct Weights::Placed {
    const TensorEntry * entry;
    uint8_t * target;
    bool packed;
    WeightType type;  // in memory
};

namespace {

// Computed in int8: all but the first layer, whose rounding every later one would carry on, and embeddings, which are read row by row, also
// where the output matrix is the same.
WeightType type_in_memory(const TensorEntry & t, bool packed, Compute compute) {
    const bool int8 = compute == Compute::Int8 && packed && t.layer != 0 && t.role != Role::TokenEmbedding;
    return int8 ? WeightType::Int8 : t.type;
}

size_t stored_bytes(const TensorEntry & t, bool packed, WeightType type) {
    if (!packed) return static_cast<size_t>(t.bytes);
    const size_t panels = (static_cast<size_t>(t.rows) + kPanelWidth - 1) / kPanelWidth;
    return panels * kernels::panel_bytes(type, static_cast<size_t>(t.columns));
}

struct Registry {
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<const Weights>> held;
};

// Never destroyed: worker threads may end after the process has begun to.
Registry & registry() {
    static Registry * instance = new Registry;
    return *instance;
}

}  // namespace

void Weights::place(const ModelDescription & description, Arena & arena, std::vector<Placed> & placed) {
    placed.clear();
    for (const TensorEntry & t : description.tensors) {
        const bool norm = t.role == Role::OutputNorm || t.role == Role::AttentionNorm || t.role == Role::FeedForwardNorm;
        const bool packed = !norm && (t.role != Role::TokenEmbedding || hyperparameters_.tied_embeddings);
        const WeightType type = type_in_memory(t, packed, compute_);
        uint8_t * data = arena.take<uint8_t>(stored_bytes(t, packed, type));
        placed.push_back({&t, data, packed, type});
        const PackedMatrix matrix{data, type, t.rows, t.columns};
        LayerWeights * layer = t.layer < 0 ? nullptr : &layers_[static_cast<size_t>(t.layer)];
        switch (t.role) {
            case Role::TokenEmbedding:
                embedding_type_ = t.type;
                if (packed) output_ = matrix;
                else embedding_rows_ = data;
                break;
            case Role::OutputNorm: output_norm_ = reinterpret_cast<const float *>(data); break;
            case Role::Output: output_ = matrix; break;
            case Role::AttentionNorm: layer->attention_norm = reinterpret_cast<const float *>(data); break;
            case Role::FeedForwardNorm: layer->feed_forward_norm = reinterpret_cast<const float *>(data); break;
            case Role::Query: layer->query = matrix; break;
            case Role::Key: layer->key = matrix; break;
            case Role::Value: layer->value = matrix; break;
            case Role::AttentionOutput: layer->attention_output = matrix; break;
            case Role::Gate: layer->gate = matrix; break;
            case Role::Up: layer->up = matrix; break;
            case Role::Down: layer->down = matrix; break;
        }
    }
}

Weights::Weights(const ModelDescription & description, ThreadPool & pool, const std::atomic<bool> & cancelled, const Progress & progress)
    : hyperparameters_(description.hyperparameters),
      compute_(description.compute),
      rotation_(description.hyperparameters),
      layers_(static_cast<size_t>(description.hyperparameters.layer_count)) {
    File file(description.path);
    if (file.size() != description.file_size)
        throw Error("FILE_UNREADABLE", "The file " + description.path + " changed while it was loaded: expected " +
                                           std::to_string(description.file_size) + " bytes, found " + std::to_string(file.size()) + ".");
    std::vector<Placed> placed;
    Arena measure;
    place(description, measure, placed);
    buffer_ = Buffer(measure.used(), "weights");
    Arena arena(buffer_.data());
    place(description, arena, placed);

    // One step per 32 rows: small enough to share evenly, large enough for sequential reads.
    struct Step {
        const Placed * tensor;
        int panel;
    };
    std::vector<Step> steps;
    int widest = 0;
    for (const Placed & p : placed) {
        for (int panel = 0; panel * kPanelWidth < p.entry->rows; panel++) steps.push_back({&p, panel});
        widest = std::max(widest, p.entry->columns);
    }
    // A panel of a permuted head reads twice its rows.
    const size_t scratch_bytes = static_cast<size_t>(row_bytes(WeightType::F32, widest)) * 2 * kPanelWidth;
    std::vector<std::vector<uint8_t>> scratch(static_cast<size_t>(pool.threads()), std::vector<uint8_t>(scratch_bytes));

    std::mutex mutex;
    std::exception_ptr failure;
    std::atomic<bool> stop{false};
    const auto run_step = [&](int index, int worker) {
        try {
            if (stop.load(std::memory_order_relaxed) || cancelled.load(std::memory_order_relaxed)) return;
            const Step & step = steps[static_cast<size_t>(index)];
            const TensorEntry & t = *step.tensor->entry;
            const int first = step.panel * kPanelWidth, count = std::min(kPanelWidth, t.rows - first);
            if (step.tensor->packed) {
                const WeightType type = step.tensor->type;
                const auto read = type == WeightType::Int8 ? read_int8_panel : read_panel;
                read(file, t, step.panel, scratch[static_cast<size_t>(worker)].data(),
                     step.tensor->target + static_cast<size_t>(step.panel) * kernels::panel_bytes(type, t.columns));
            } else {
                const uint64_t bytes = row_bytes(t.type, t.columns);
                file.read(t.offset + bytes * first, step.tensor->target + bytes * first, bytes * count);
                check_finite(t, step.tensor->target + bytes * first, static_cast<uint64_t>(count));
            }
            if (progress) progress(row_bytes(t.type, t.columns) * count);
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex);
            if (!failure) failure = std::current_exception();
            stop = true;
        }
    };
    static const std::atomic<bool> never{false};
    pool.run(static_cast<int>(steps.size()), run_step, never);
    if (failure) std::rethrow_exception(failure);
    if (cancelled) throw Error("ABORTED", "Loading was cancelled.");
}

std::shared_ptr<const Weights> Weights::shared(const ModelDescription & description, ThreadPool & pool,
                                               const std::atomic<bool> & cancelled, const Progress & progress) {
    // The lock is held while loading: a second request for the same file waits and shares.
    const auto lock = wait_to_load(registry().mutex, cancelled);
    auto & held = registry().held;
    for (auto it = held.begin(); it != held.end();) it = it->second.expired() ? held.erase(it) : std::next(it);
    const std::string key = description.key + (description.compute == Compute::Int8 ? "\nint8" : "");
    if (const auto found = held.find(key); found != held.end())
        if (std::shared_ptr<const Weights> weights = found->second.lock()) return weights;
    auto weights = std::make_shared<const Weights>(description, pool, cancelled, progress);
    held[key] = weights;
    return weights;
}

void Weights::embedding(const kernels::Kernels & kernels, int token, float * out) const {
    const int n = hyperparameters_.hidden_size;
    if (embedding_rows_ != nullptr) {
        kernels.widen(embedding_rows_ + row_bytes(embedding_type_, n) * static_cast<uint64_t>(token), embedding_type_, n, out);
        return;
    }
    unpack_row(output_, token, out);
}

}  // namespace clmbr
