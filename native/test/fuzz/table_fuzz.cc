// libFuzzer target: a model description made of arbitrary bytes, over a small file. The check has to refuse it, or loading and a pass have
// to work. The input draws a right description, then what is changed in it.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "../../engine/error.h"
#include "../../engine/executor.h"

using namespace clmbr;

namespace {

constexpr uint64_t kFileSize = 1 << 17;

class Bytes {
public:
    Bytes(const uint8_t * data, size_t size) : data_(data), left_(size) {}
    template <class T>
    T take() {
        T value{};
        const size_t count = left_ < sizeof(T) ? left_ : sizeof(T);
        std::memcpy(&value, data_, count);
        data_ += count;
        left_ -= count;
        return value;
    }
    bool empty() const { return left_ == 0; }

private:
    const uint8_t * data_;
    size_t left_;
};

const std::string & small_file() {
    static const std::string path = [] {
        const std::string name = (std::filesystem::temp_directory_path() / ("clmbr-table-fuzz-" + std::to_string(std::rand()))).string();
        std::ofstream file(name, std::ios::binary);
        for (uint64_t i = 0; i < kFileSize; i++) file.put(static_cast<char>(i % 4 == 3 ? 0x3c : i * 37));
        static std::string kept = name;
        std::atexit([] { std::filesystem::remove(kept); });
        return name;
    }();
    return path;
}

TensorEntry entry(Role role, int layer, kernels::WeightType type, int rows, int columns) {
    TensorEntry t;
    t.name = "t";
    t.role = role;
    t.layer = layer;
    t.type = type;
    t.rows = rows;
    t.columns = columns;
    t.bytes = row_bytes(type, columns) * static_cast<uint64_t>(rows);
    return t;
}

// A right description of a small model, of sizes that `bytes` choose.
ModelDescription right(Bytes & bytes) {
    ModelDescription d;
    d.file_size = kFileSize;
    Hyperparameters & h = d.hyperparameters;
    const auto type = static_cast<kernels::WeightType>(bytes.take<uint8_t>() % 4);
    d.compute = static_cast<Compute>(bytes.take<uint8_t>() % 2);
    h.context_length = 1 + bytes.take<uint8_t>();
    h.layer_count = 1 + bytes.take<uint8_t>() % 3;
    h.kv_head_count = 1 + bytes.take<uint8_t>() % 2;
    h.head_count = h.kv_head_count * (1 + bytes.take<uint8_t>() % 3);
    h.head_size = 8 * (1 + bytes.take<uint8_t>() % 3);
    const int step = type == kernels::WeightType::Q8_0 ? 32 : 1;
    h.hidden_size = step * (1 + bytes.take<uint8_t>() % 40 / step);
    h.feed_forward_size = step * (1 + bytes.take<uint8_t>() % 40 / step);
    if (step == 32) h.head_size = 32;
    h.vocabulary_size = 1 + bytes.take<uint8_t>() % 70;
    h.rms_norm_epsilon = 1e-5f;
    h.tied_embeddings = bytes.take<uint8_t>() % 2 == 1;
    h.inverse_frequencies.assign(static_cast<size_t>(h.head_size / 2), 0.5f);
    const bool permuted = bytes.take<uint8_t>() % 2 == 1;
    const auto add = [&](Role role, int layer, int rows, int columns, bool norm, int heads = 0) {
        d.tensors.push_back(entry(role, layer, norm ? kernels::WeightType::F32 : type, rows, columns));
        d.tensors.back().permuted_heads = permuted ? heads : 0;
        d.tensors.back().offset = bytes.take<uint16_t>() % 4096;
    };
    add(Role::TokenEmbedding, -1, h.vocabulary_size, h.hidden_size, false);
    if (!h.tied_embeddings) add(Role::Output, -1, h.vocabulary_size, h.hidden_size, false);
    add(Role::OutputNorm, -1, 1, h.hidden_size, true);
    for (int layer = 0; layer < h.layer_count; layer++) {
        add(Role::AttentionNorm, layer, 1, h.hidden_size, true);
        add(Role::Query, layer, h.query_width(), h.hidden_size, false, h.head_count);
        add(Role::Key, layer, h.kv_width(), h.hidden_size, false, h.kv_head_count);
        add(Role::Value, layer, h.kv_width(), h.hidden_size, false);
        add(Role::AttentionOutput, layer, h.hidden_size, h.query_width(), false);
        add(Role::FeedForwardNorm, layer, 1, h.hidden_size, true);
        add(Role::Gate, layer, h.feed_forward_size, h.hidden_size, false);
        add(Role::Up, layer, h.feed_forward_size, h.hidden_size, false);
        add(Role::Down, layer, h.hidden_size, h.feed_forward_size, false);
    }
    return d;
}

void change(ModelDescription & d, Bytes & bytes) {
    Hyperparameters & h = d.hyperparameters;
    int * const sizes[] = {&h.context_length, &h.hidden_size, &h.layer_count, &h.head_count, &h.kv_head_count,
                           &h.head_size, &h.feed_forward_size, &h.vocabulary_size};
    const uint8_t what = bytes.take<uint8_t>();
    if (what < 32) {
        *sizes[what % 8] = bytes.take<int32_t>();
    } else if (what < 36) {
        h.tied_embeddings = !h.tied_embeddings;
    } else if (what < 40) {
        h.rms_norm_epsilon = bytes.take<float>();
    } else if (what < 48) {
        h.inverse_frequencies.resize(bytes.take<uint8_t>());
    } else if (what < 56) {
        d.file_size = bytes.take<uint64_t>();
    } else if (!d.tensors.empty()) {
        const size_t index = bytes.take<uint8_t>() % d.tensors.size();
        TensorEntry & t = d.tensors[index];
        switch (what % 9) {
            case 0: t.role = static_cast<Role>(bytes.take<uint8_t>() % kRoleCount); break;
            case 1: t.layer = bytes.take<int32_t>(); break;
            case 2: t.type = static_cast<kernels::WeightType>(bytes.take<uint8_t>() % 4); break;
            case 3: t.rows = bytes.take<int32_t>(); break;
            case 4: t.columns = bytes.take<int32_t>(); break;
            case 5: t.offset = bytes.take<uint64_t>(); break;
            case 6: t.bytes = bytes.take<uint64_t>(); break;
            case 7: t.permuted_heads = bytes.take<int32_t>(); break;
            default:
                if (bytes.take<uint8_t>() % 2 == 0) d.tensors.erase(d.tensors.begin() + static_cast<long>(index));
                else d.tensors.push_back(TensorEntry(t));
        }
    }
}

// What the check let through has to be right.
void load_and_run(const ModelDescription & d) {
    static const std::atomic<bool> never{false};
    const Hyperparameters & h = d.hyperparameters;
    auto pool = std::make_shared<ThreadPool>(1);
    auto weights = std::make_shared<const Weights>(d, *pool, never, Weights::Progress());
    Executor executor(weights, pool, *kernels::select_kernels(nullptr, d.compute == Compute::Int8));
    const int length = h.context_length < 5 ? h.context_length : 5;
    std::vector<float> row(static_cast<size_t>(h.vocabulary_size));
    Batch batch;
    batch.tokens.assign(static_cast<size_t>(length), h.vocabulary_size - 1);
    batch.lengths = {length};
    batch.representation = Representation::Logits;
    batch.outputs = {{0, length, row.data(), nullptr}};
    executor.run(batch, never);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    Bytes bytes(data, size);
    ModelDescription d = right(bytes);
    d.path = d.key = small_file();
    for (int changes = 0; changes < 8 && !bytes.empty(); changes++) change(d, bytes);
    try {
        check_description(d);
    } catch (const Error & error) {
        if (std::strcmp(error.code(), "INVALID_ARGUMENT") != 0) std::abort();
        return 0;
    }
    // What passes the check fits into the file, so no size is large here.
    try {
        load_and_run(d);
    } catch (const Error & error) {
        // The size of the file is one of the things that change.
        if (std::strcmp(error.code(), "FILE_UNREADABLE") != 0) std::abort();
    }
    return 0;
}
