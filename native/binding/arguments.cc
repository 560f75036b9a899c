#include "arguments.h"

#include <cmath>

namespace clmbr::binding {
namespace {

[[noreturn]] void mismatch(Napi::Env env, const char * key, const char * expected) {
    throw Napi::TypeError::New(env, std::string("Expected ") + expected + " in '" + key + "'.");
}

Napi::Value get(const Napi::Object & object, const char * key) { return object.Get(key); }

Napi::Object object_of(const Napi::Value & value, const char * key) {
    if (!value.IsObject()) mismatch(value.Env(), key, "an object");
    return value.As<Napi::Object>();
}

double number(const Napi::Object & object, const char * key) {
    const Napi::Value value = get(object, key);
    if (!value.IsNumber()) mismatch(object.Env(), key, "a number");
    return value.As<Napi::Number>().DoubleValue();
}

int integer(const Napi::Object & object, const char * key) {
    const double value = number(object, key);
    if (!(value >= -2147483648.0 && value <= 2147483647.0) || value != std::floor(value)) mismatch(object.Env(), key, "a 32-bit integer");
    return static_cast<int>(value);
}

uint64_t size(const Napi::Object & object, const char * key) {
    const double value = number(object, key);
    if (!(value >= 0 && value <= 9007199254740991.0) || value != std::floor(value)) mismatch(object.Env(), key, "a size");
    return static_cast<uint64_t>(value);
}

std::string text(const Napi::Object & object, const char * key) {
    const Napi::Value value = get(object, key);
    if (!value.IsString()) mismatch(object.Env(), key, "a string");
    return value.As<Napi::String>().Utf8Value();
}

int choice(const Napi::Object & object, const char * key, std::initializer_list<const char *> names) {
    const std::string value = text(object, key);
    int index = 0;
    for (const char * name : names) {
        if (value == name) return index;
        index++;
    }
    mismatch(object.Env(), key, "one of the known names");
}

template <class Array>
Array typed(const Napi::Object & object, const char * key, napi_typedarray_type type) {
    const Napi::Value value = get(object, key);
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) mismatch(object.Env(), key, "a typed array");
    return value.As<Array>();
}

std::vector<int32_t> int32s(const Napi::Object & object, const char * key) {
    const auto array = typed<Napi::Int32Array>(object, key, napi_int32_array);
    return std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
}

Hyperparameters read_hyperparameters(const Napi::Object & o) {
    Hyperparameters h;
    h.context_length = integer(o, "contextLength");
    h.hidden_size = integer(o, "hiddenSize");
    h.layer_count = integer(o, "layerCount");
    h.head_count = integer(o, "headCount");
    h.kv_head_count = integer(o, "kvHeadCount");
    h.head_size = integer(o, "headSize");
    h.feed_forward_size = integer(o, "feedForwardSize");
    h.vocabulary_size = integer(o, "vocabularySize");
    h.rms_norm_epsilon = static_cast<float>(number(o, "rmsNormEpsilon"));
    h.tied_embeddings = get(o, "tiedEmbeddings").ToBoolean().Value();
    const auto frequencies = typed<Napi::Float32Array>(o, "inverseFrequencies", napi_float32_array);
    h.inverse_frequencies.assign(frequencies.Data(), frequencies.Data() + frequencies.ElementLength());
    return h;
}

TensorEntry read_tensor(const Napi::Object & o) {
    TensorEntry t;
    t.name = text(o, "name");
    t.role = static_cast<Role>(choice(o, "role", {"tokenEmbedding", "outputNorm", "output", "attentionNorm", "query", "key", "value",
                                                  "attentionOutput", "feedForwardNorm", "gate", "up", "down"}));
    t.layer = integer(o, "layer");
    t.type = static_cast<kernels::WeightType>(choice(o, "type", {"F32", "F16", "BF16", "Q8_0"}));
    t.rows = integer(o, "rows");
    t.columns = integer(o, "columns");
    t.offset = size(o, "offset");
    t.bytes = size(o, "byteLength");
    t.permuted_heads = integer(o, "permutedHeads");
    return t;
}

// Sets of token ids, one after the other, and where each ends.
std::vector<std::vector<int32_t>> read_targets(const Napi::Object & o) {
    const std::vector<int32_t> ids = int32s(o, "targets"), ends = int32s(o, "targetEnds");
    std::vector<std::vector<int32_t>> targets;
    int32_t begin = 0;
    for (const int32_t end : ends) {
        if (end < begin || static_cast<size_t>(end) > ids.size()) mismatch(o.Env(), "targetEnds", "ascending ends");
        targets.emplace_back(ids.begin() + begin, ids.begin() + end);
        begin = end;
    }
    return targets;
}

}  // namespace

LoadArguments read_load_arguments(const Napi::Value & value) {
    const Napi::Object o = object_of(value, "description");
    LoadArguments arguments;
    arguments.threads = integer(o, "threads");
    if (arguments.threads < 1 || arguments.threads > 1024) mismatch(o.Env(), "threads", "1 to 1024");
    arguments.kernels = text(o, "kernels");
    arguments.device.device = text(o, "device");
    arguments.device.attention = static_cast<AttentionPath>(choice(o, "attention", {"", "flash", "softmax"}));
    if (get(o, "memoryLimit").IsNumber()) arguments.device.memory_limit = size(o, "memoryLimit");
    ModelDescription & d = arguments.description;
    d.compute = static_cast<Compute>(choice(o, "compute", {"f32", "int8"}));
    d.path = text(o, "path");
    d.key = text(o, "key");
    d.file_size = size(o, "fileSize");
    d.hyperparameters = read_hyperparameters(object_of(get(o, "hyperparameters"), "hyperparameters"));
    const Napi::Value tensors = get(o, "tensors");
    if (!tensors.IsArray()) mismatch(o.Env(), "tensors", "an array");
    const Napi::Array list = tensors.As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); i++) d.tensors.push_back(read_tensor(object_of(list.Get(i), "tensors")));
    return arguments;
}

BatchArguments read_batch_arguments(const Napi::Value & value, const Hyperparameters & h) {
    const Napi::Object o = object_of(value, "batch");
    BatchArguments arguments;
    Batch & batch = arguments.batch;
    batch.tokens = int32s(o, "tokens");
    batch.lengths = int32s(o, "lengths");
    batch.pooling = static_cast<Pooling>(choice(o, "pooling", {"last", "mean", "max"}));
    batch.representation = static_cast<Representation>(choice(o, "representation", {"hidden", "logits", "next", "score"}));
    batch.top = integer(o, "top");
    if (batch.top < 0 || batch.top > h.vocabulary_size) mismatch(o.Env(), "top", "0 to the vocabulary's size");
    batch.targets = read_targets(o);

    struct Destination {
        float * values;
        size_t value_length;
        int32_t * ids;
        size_t id_length;
    };
    std::vector<Destination> destinations;
    const Napi::Value list = get(o, "destinations");
    if (!list.IsArray()) mismatch(o.Env(), "destinations", "an array");
    for (uint32_t i = 0; i < list.As<Napi::Array>().Length(); i++) {
        const Napi::Object d = object_of(list.As<Napi::Array>().Get(i), "destinations");
        auto values = typed<Napi::Float32Array>(d, "values", napi_float32_array);
        Destination destination{values.Data(), values.ElementLength(), nullptr, 0};
        if (batch.id_width() > 0) {
            auto ids = typed<Napi::Int32Array>(d, "ids", napi_int32_array);
            destination.ids = ids.Data();
            destination.id_length = ids.ElementLength();
        }
        destinations.push_back(destination);
        arguments.destinations.push_back(Napi::Persistent(d));
    }

    // Four numbers an output: first token, end, destination, row in it.
    const std::vector<int32_t> outputs = int32s(o, "outputs");
    if (outputs.size() % 4 != 0) mismatch(o.Env(), "outputs", "four numbers an output");
    const size_t width = batch.value_width(h), id_width = batch.id_width();
    for (size_t i = 0; i < outputs.size(); i += 4) {
        const size_t index = static_cast<size_t>(outputs[i + 2]), row = static_cast<size_t>(outputs[i + 3]);
        if (outputs[i + 2] < 0 || index >= destinations.size()) mismatch(o.Env(), "outputs", "a destination");
        const Destination & d = destinations[index];
        if (outputs[i + 3] < 0 || (row + 1) * width > d.value_length || (row + 1) * id_width > d.id_length)
            mismatch(o.Env(), "outputs", "a row inside its destination");
        batch.outputs.push_back({outputs[i], outputs[i + 1], d.values + row * width, d.ids == nullptr ? nullptr : d.ids + row * id_width});
    }
    return arguments;
}

SamplerSettings read_sampler(const Napi::Value & value, const Hyperparameters & h) {
    const Napi::Object o = object_of(value, "sampler");
    SamplerSettings s;
    s.temperature = static_cast<float>(number(o, "temperature"));
    s.top_k = integer(o, "topK");
    s.top_p = number(o, "topP");
    s.forbidden = int32s(o, "forbidden");
    s.early = int32s(o, "early");
    s.target = int32s(o, "target");
    s.least_events = integer(o, "minEvents");
    bool lossless = false;
    const Napi::Value seed = get(o, "seed");
    if (!seed.IsBigInt()) mismatch(o.Env(), "seed", "a bigint");
    s.seed = seed.As<Napi::BigInt>().Uint64Value(&lossless);
    if (!(s.temperature >= 0) || s.top_k < 0 || !(s.top_p >= 0)) mismatch(o.Env(), "sampler", "settings in range");
    for (const auto * ids : {&s.forbidden, &s.early, &s.target})
        for (const int32_t id : *ids)
            if (id < 0 || id >= h.vocabulary_size) mismatch(o.Env(), "sampler", "token ids in range");
    return s;
}

std::vector<int32_t> read_int32s(const Napi::Value & value, const char * key) {
    return int32s(object_of(value, "object"), key);
}

int read_integer(const Napi::Value & value, const char * key) { return integer(object_of(value, "object"), key); }

}  // namespace clmbr::binding
