#include "device_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../error.h"
#include "../head.h"

namespace clmbr {
namespace {

// Padded tokens of one graph, to begin with.
constexpr int kBudget = 1 << 14;

// Causal masks are kept up to this size.
constexpr size_t kMaskBytes = size_t(96) << 20;

// Rows of queries that read a mask of their own.
constexpr size_t kRowMaskBytes = size_t(256) << 20;

const ggml_fp16_t kSeen = 0, kHidden = 0xfc00;  // 0 and minus infinity in F16

void send(Device & device, ggml_tensor * tensor, const void * data) {
    if (device.queues()) ggml_backend_tensor_set_async(device.backend(), tensor, data, 0, ggml_nbytes(tensor));
    else ggml_backend_tensor_set(tensor, data, 0, ggml_nbytes(tensor));
}

void fetch(Device & device, const ggml_tensor * tensor, size_t offset, void * data, size_t bytes) {
    if (device.queues()) ggml_backend_tensor_get_async(device.backend(), tensor, data, offset, bytes);
    else ggml_backend_tensor_get(tensor, data, offset, bytes);
}

[[noreturn]] void out_of_memory(const Device & device, const std::string & what) {
    throw Error("OUT_OF_MEMORY", "The device " + device.name() + " has not enough free memory for " + what + ".");
}

}  // namespace

DeviceEngine::DeviceEngine(const ModelDescription & description, const DeviceOptions & options, std::shared_ptr<ThreadPool> pool,
                           const kernels::Kernels & kernels, const std::atomic<bool> & cancelled, const DeviceWeights::Progress & progress)
    : device_(options.device, pool->threads()),
      pool_(std::move(pool)),
      kernels_(kernels),
      attention_(options.attention),
      memory_(device_),
      budget_(kBudget) {
    device_.use([&] {
        weights_ = DeviceWeights::shared(description, device_, cancelled, progress);
        const bool flash = has_flash_attention(device_, weights_->hyperparameters());
        if (attention_ == AttentionPath::Flash && !flash)
            throw Error("DEVICE_UNAVAILABLE", "The device " + device_.name() + " has no flash attention for heads of " +
                                                  std::to_string(weights_->hyperparameters().head_size) + ": use the softmax path.");
        if (attention_ == AttentionPath::Automatic) attention_ = flash ? AttentionPath::Flash : AttentionPath::Softmax;
    });
    device_.limit_memory(options.memory_limit);
}

DeviceEngine::~DeviceEngine() = default;

EngineInfo DeviceEngine::info() const {
    return {device_.name(), kernels_.name, attention_ == AttentionPath::Flash ? "flash" : "softmax", pool_->threads(), weights_->bytes()};
}

// Everything that touches the device goes through here.
template <class Work>
void DeviceEngine::work(const std::atomic<bool> & cancelled, Work work) {
    if (!pool_->usable())
        throw Error("DEVICE_UNAVAILABLE", "The model was loaded before this process was forked: load it again in the child process.");
    device_.use([&] {
        struct Watch {
            Device & device;
            ~Watch() { device.watch(nullptr); }
        } watch{device_};
        device_.watch(&cancelled);
        try {
            work();
        } catch (const GgmlFailure &) {
            throw;
        } catch (...) {
            // Nothing may still write to memory that is given back now.
            ggml_backend_synchronize(device_.backend());
            if (cancelled) throw Error("ABORTED", "The pass was cancelled.");
            throw;
        }
    });
    if (cancelled) throw Error("ABORTED", "The pass was cancelled.");
}

ggml_tensor * DeviceEngine::causal_mask(int length) {
    if (const auto found = masks_.find(length); found != masks_.end()) return found->second.tensor;
    size_t held = 0;
    for (const auto & [key, mask] : masks_) held += ggml_nbytes(mask.tensor);
    const size_t n = static_cast<size_t>(length);
    if (held + n * n * sizeof(ggml_fp16_t) > kMaskBytes) {
        ggml_backend_synchronize(device_.backend());
        masks_.clear();
    }
    Mask mask{std::make_unique<TensorContext>(1), DeviceBuffer(nullptr, FreeBuffer{device_.state()}), nullptr};
    mask.tensor = ggml_new_tensor_2d(mask.context->get(), GGML_TYPE_F16, length, length);
    mask.buffer = allocate_tensors(device_, mask.context->get(), "a mask of " + std::to_string(length) + " tokens");
    std::vector<ggml_fp16_t> values(n * n, kHidden);
    for (size_t i = 0; i < n; i++) std::fill_n(&values[i * n], i + 1, kSeen);
    ggml_backend_tensor_set(mask.tensor, values.data(), 0, values.size() * sizeof(ggml_fp16_t));
    ggml_tensor * tensor = mask.tensor;
    masks_.emplace(length, std::move(mask));
    return tensor;
}

bool DeviceEngine::compute_bucket(const Batch & batch, const BatchLayout & layout, const LengthBucket & bucket, const DeviceCache * cache, float * hidden) {
    const Hyperparameters & h = hyperparameters();
    const int length = bucket.length, count = static_cast<int>(bucket.sequences.size());
    const size_t n = static_cast<size_t>(length), width = static_cast<size_t>(h.hidden_size);
    int rows = bucket.rows;
    if (static_cast<size_t>(rows) * static_cast<size_t>(count) * n * sizeof(ggml_fp16_t) > kRowMaskBytes) rows = 0;

    const TensorContext context(device_graph_tensors(h), true);
    const BodyGraph g = build_body(context.get(), *weights_, device_, attention_, {count, length, rows}, causal_mask(length), cache);
    if (!memory_.place(g.graph)) return false;

    std::vector<int32_t> tokens(n * static_cast<size_t>(count), 0), indices, positions;
    std::vector<ggml_fp16_t> mask;
    if (rows > 0) mask.assign(n * static_cast<size_t>(rows * count), kHidden);
    struct Piece {
        int from, to, rows;  // rows of the result, of the pass
    };
    std::vector<Piece> pieces;
    for (int i = 0; i < count; i++) {
        const BatchLayout::Sequence & s = layout.sequences[static_cast<size_t>(bucket.sequences[static_cast<size_t>(i)])];
        std::copy_n(&batch.tokens[static_cast<size_t>(s.begin)], s.length, &tokens[n * static_cast<size_t>(i)]);
        const int32_t * own = &layout.row_positions[static_cast<size_t>(s.query_begin)];
        if (rows == 0) {
            // Runs of neighbouring rows come back together.
            for (int r = 0, end; r < s.query_count; r = end) {
                for (end = r + 1; end < s.query_count && own[end] == own[end - 1] + 1; end++) {
                }
                pieces.push_back({i * length + own[r], s.query_begin + r, end - r});
            }
            continue;
        }
        for (int r = 0; r < rows; r++) {
            const int position = own[std::min(r, s.query_count - 1)];
            indices.push_back(i * length + position);
            positions.push_back(position);
            std::fill_n(&mask[n * static_cast<size_t>(i * rows + r)], position + 1, kSeen);
        }
        pieces.push_back({i * rows, s.query_begin, s.query_count});
    }
    send(device_, g.tokens, tokens.data());
    if (rows > 0) {
        send(device_, g.rows, indices.data());
        send(device_, g.row_positions, positions.data());
        send(device_, g.row_mask, mask.data());
    }
    device_.compute(g.graph);
    for (const Piece & p : pieces)
        fetch(device_, g.hidden, static_cast<size_t>(p.from) * width * sizeof(float), hidden + static_cast<size_t>(p.to) * width,
              static_cast<size_t>(p.rows) * width * sizeof(float));
    return true;
}

void DeviceEngine::compute_hidden(const Batch & batch, const BatchLayout & layout, const std::atomic<bool> & cancelled, const DeviceCache * cache, float * hidden) {
    const int context_length = hyperparameters().context_length;
    std::vector<LengthBucket> buckets = bucket_sequences(layout, context_length, budget_);
    if (cache != nullptr) buckets.front().length = layout.tokens;
    for (size_t i = 0; i < buckets.size();) {
        if (cancelled) throw Error("ABORTED", "The pass was cancelled.");
        const LengthBucket & bucket = buckets[i];
        if (compute_bucket(batch, layout, bucket, cache, hidden)) {
            i++;
            continue;
        }
        const int count = static_cast<int>(bucket.sequences.size());
        if (count == 1) out_of_memory(device_, "a sequence of " + std::to_string(bucket.length) + " tokens");
        // The batch shrinks, now and from now on, and the rest is divided anew.
        budget_ = std::min(budget_, bucket.length * count) / 2;
        BatchLayout rest = layout;
        for (size_t done = 0; done < i; done++)
            for (const int index : buckets[done].sequences) rest.sequences[static_cast<size_t>(index)].query_count = 0;
        buckets = bucket_sequences(rest, context_length, budget_);
        i = 0;
    }
    ggml_backend_synchronize(device_.backend());
}

void DeviceEngine::compute_logits(const float * hidden, size_t stride, int count, float * const * targets) {
    const size_t width = static_cast<size_t>(hyperparameters().hidden_size), row = static_cast<size_t>(hyperparameters().vocabulary_size) * sizeof(float);
    const TensorContext context(device_graph_tensors(hyperparameters()), true);
    const HeadGraph g = build_head(context.get(), *weights_, device_, count);
    if (!memory_.place(g.graph)) out_of_memory(device_, "the logits of " + std::to_string(count) + " tokens");
    std::vector<float> rows(width * static_cast<size_t>(count));
    for (int i = 0; i < count; i++) std::copy_n(hidden + stride * static_cast<size_t>(i), width, &rows[width * static_cast<size_t>(i)]);
    send(device_, g.hidden, rows.data());
    device_.compute(g.graph);
    for (int i = 0; i < count; i++) fetch(device_, g.logits, row * static_cast<size_t>(i), targets[i], row);
    ggml_backend_synchronize(device_.backend());
}

void DeviceEngine::run(const Batch & batch, const std::atomic<bool> & cancelled) {
    const Hyperparameters & h = hyperparameters();
    check_batch(batch, h);
    const BatchLayout layout(batch);
    if (layout.rows.empty()) return;
    work(cancelled, [&] {
        const HostMemory hidden(device_, layout.rows.size() * static_cast<size_t>(h.hidden_size) * sizeof(float), "hidden states");
        compute_hidden(batch, layout, cancelled, nullptr, hidden.floats());
        const auto logits = [this](const float * rows, size_t stride, int count, float * const * targets) { compute_logits(rows, stride, count, targets); };
        write_outputs({h, batch, layout, kernels_, *pool_, cancelled, head_memory_, logits}, hidden.floats());
    });
}

std::shared_ptr<Continuations> DeviceEngine::prefill(const std::vector<int32_t> & tokens, int samples, int capacity, const std::atomic<bool> & cancelled) {
    const Hyperparameters & h = hyperparameters();
    Batch batch;
    batch.tokens = tokens;
    batch.lengths = {static_cast<int32_t>(tokens.size())};
    batch.outputs = {{0, static_cast<int>(tokens.size())}};
    check_batch(batch, h);
    const BatchLayout layout(batch);
    std::shared_ptr<DeviceContinuations> result;
    work(cancelled, [&] {
        result = std::make_shared<DeviceContinuations>(device_, h, layout.tokens, samples, capacity);
        result->logits.resize(static_cast<size_t>(h.vocabulary_size));
        std::vector<float> hidden(static_cast<size_t>(h.hidden_size));
        compute_hidden(batch, layout, cancelled, &result->cache(), hidden.data());
        float * target = result->logits.data();
        compute_logits(hidden.data(), hidden.size(), 1, &target);
    });
    return result;
}

void DeviceEngine::compute_step(DeviceContinuations & continuations, const std::vector<Advance> & rows, size_t begin, size_t end, float * logits) {
    const Hyperparameters & h = hyperparameters();
    const DeviceCache & cache = continuations.cache();
    // All samples between the first and the last slot are computed: those that are not asked for write where their next event will be
    // written anyway.
    int first = cache.samples, last = -1, longest = 0;
    for (size_t i = begin; i < end; i++) {
        const int slot = static_cast<int>(rows[i].slot), events = continuations.events(rows[i].slot);
        if (events >= cache.capacity || cache.history + events >= h.context_length)
            throw Error("INVALID_ARGUMENT", "Expected room for another event, found " + std::to_string(events) + " of " + std::to_string(cache.capacity) + ".");
        first = std::min(first, slot);
        last = std::max(last, slot);
        longest = std::max(longest, events + 1);
    }
    const int count = last - first + 1, tail = (longest + 31) / 32 * 32, width = h.kv_width();
    const size_t n = static_cast<size_t>(count), seen = static_cast<size_t>(cache.history + tail);
    std::vector<int32_t> tokens(n, 0), positions(n, 0);
    for (size_t i = begin; i < end; i++) tokens[rows[i].slot - static_cast<size_t>(first)] = rows[i].token;
    std::vector<int64_t> key_places(n), value_places(n * static_cast<size_t>(width));
    std::vector<ggml_fp16_t> mask(seen * n, kHidden);
    for (size_t i = 0; i < n; i++) {
        const int64_t slot = first + static_cast<int64_t>(i);
        const int events = std::min(continuations.events(static_cast<size_t>(slot)), cache.capacity - 1);
        positions[i] = std::min(cache.history + events, h.context_length - 1);
        key_places[i] = slot * cache.capacity + events;
        for (int64_t d = 0; d < width; d++) value_places[i * static_cast<size_t>(width) + static_cast<size_t>(d)] = (slot * width + d) * cache.capacity + events;
        std::fill_n(&mask[i * seen], std::min(seen, static_cast<size_t>(cache.history + events + 1)), kSeen);
    }

    const TensorContext context(device_graph_tensors(h), true);
    const StepGraph g = build_step(context.get(), *weights_, device_, {first, count, tail}, cache);
    if (!memory_.place(g.graph)) out_of_memory(device_, "a step of " + std::to_string(count) + " samples");
    send(device_, g.tokens, tokens.data());
    send(device_, g.positions, positions.data());
    send(device_, g.key_places, key_places.data());
    send(device_, g.value_places, value_places.data());
    send(device_, g.mask, mask.data());
    device_.compute(g.graph);
    const size_t row = static_cast<size_t>(h.vocabulary_size);
    for (size_t i = begin; i < end; i++)
        fetch(device_, g.logits, (rows[i].slot - static_cast<size_t>(first)) * row * sizeof(float), logits + (i - begin) * row, row * sizeof(float));
    ggml_backend_synchronize(device_.backend());
}

std::vector<Draw> DeviceEngine::step(const std::vector<Advance> & rows, const SamplerSettings & settings, const std::atomic<bool> & cancelled) {
    const int vocabulary = hyperparameters().vocabulary_size;
    const size_t width = static_cast<size_t>(vocabulary);
    for (const Advance & row : rows)
        if (row.token >= vocabulary) throw Error("INVALID_ARGUMENT", "Expected token ids below " + std::to_string(vocabulary) + ".");
    std::vector<Draw> draws(rows.size());
    std::vector<SamplerMemory> scratch(static_cast<size_t>(pool_->threads()), SamplerMemory(width));
    const auto draw_rows = [&](const std::vector<size_t> & indices, const std::function<const float *(size_t)> & logits) {
        const auto task = [&](int i, int worker) {
            const Advance & row = rows[indices[static_cast<size_t>(i)]];
            draws[indices[static_cast<size_t>(i)]] = draw(kernels_, settings, logits(static_cast<size_t>(i)), vocabulary, row.sample, row.event, scratch[static_cast<size_t>(worker)]);
        };
        pool_->run(static_cast<int>(indices.size()), task, cancelled);
    };
    const auto continuations_of = [&](size_t i) { return static_cast<DeviceContinuations *>(rows[i].continuations); };

    std::vector<size_t> fresh;
    std::vector<Advance> advanced;
    std::vector<size_t> indices;
    for (size_t i = 0; i < rows.size(); i++) {
        if (rows[i].token < 0) {
            fresh.push_back(i);
        } else {
            advanced.push_back(rows[i]);
            indices.push_back(i);
        }
    }
    work(cancelled, [&] {
        draw_rows(fresh, [&](size_t i) { return continuations_of(fresh[i])->logits.data(); });
        for (size_t begin = 0, end; begin < advanced.size() && !cancelled; begin = end) {
            for (end = begin + 1; end < advanced.size() && advanced[end].continuations == advanced[begin].continuations; end++) {
            }
            const HostMemory logits(device_, (end - begin) * width * sizeof(float), "logits");
            compute_step(*continuations_of(indices[begin]), advanced, begin, end, logits.floats());
            draw_rows({indices.begin() + static_cast<long>(begin), indices.begin() + static_cast<long>(end)},
                      [&](size_t i) { return logits.floats() + i * width; });
        }
    });
    for (const Advance & row : advanced) static_cast<DeviceContinuations *>(row.continuations)->append(row.slot);
    return draws;
}

}  // namespace clmbr
