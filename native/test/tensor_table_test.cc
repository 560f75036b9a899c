// A table that does not describe exactly the model is refused before anything is read by it.
#include "../engine/tensor_table.h"

#include "model.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

const Model & model() {
    static const Model instance(ModelOptions{});
    return instance;
}

TensorEntry & find(ModelDescription & d, Role role, int layer = -1) {
    for (TensorEntry & t : d.tensors)
        if (t.role == role && t.layer == layer) return t;
    throw Failure{"no such tensor"};
}

void remove(ModelDescription & d, Role role, int layer = -1) {
    d.tensors.erase(d.tensors.begin() + (&find(d, role, layer) - d.tensors.data()));
}

// The description after `change` is refused with these words.
template <class F>
void check_refused(const char * words, F change) {
    ModelDescription d = model().description;
    change(d);
    CHECK_THROWS("INVALID_ARGUMENT", words, check_description(d));
}

}  // namespace

TEST("table: descriptions of every kind of model are taken") {
    check_description(model().description);
    for (const kernels::WeightType type : kWeightTypes) {
        ModelOptions options;
        options.type = options.embedding_type = type;
        options.tied = options.permuted = type != kernels::WeightType::F32;
        check_description(Model(options).description);
    }
}

TEST("table: wrong shapes") {
    check_refused("expected 64 x 64, found 65 x 64", [](auto & d) { find(d, Role::Query, 0).rows++; });
    check_refused("expected 32 x 64, found 32 x 63", [](auto & d) { find(d, Role::Key, 1).columns--; });
    check_refused("expected 1 x 64, found 2 x 64", [](auto & d) { find(d, Role::OutputNorm).rows = 2; });
    check_refused("expected 50 x 64, found -50 x 64", [](auto & d) { find(d, Role::TokenEmbedding).rows = -50; });
    check_refused("expected 96 x 64, found 0 x 0", [](auto & d) { find(d, Role::Gate, 0).rows = find(d, Role::Gate, 0).columns = 0; });
    check_refused("expected 64 x 96, found 96 x 64", [](auto & d) { std::swap(find(d, Role::Down, 0).rows, find(d, Role::Down, 0).columns); });
}

TEST("table: wrong types") {
    check_refused("expected F32 for a norm", [](auto & d) { find(d, Role::AttentionNorm, 0).type = kernels::WeightType::F16; });
    check_refused("bytes, found", [](auto & d) { find(d, Role::Up, 0).type = kernels::WeightType::BF16; });
    ModelOptions options;
    options.hidden_size = 40;
    ModelDescription d = Model(options).description;
    find(d, Role::Query, 0).type = kernels::WeightType::Q8_0;
    CHECK_THROWS("INVALID_ARGUMENT", "multiples of 32 for Q8_0, found 40", check_description(d));
}

TEST("table: wrong places in the file") {
    check_refused("expected 16384 bytes, found 16383", [](auto & d) { find(d, Role::Query, 0).bytes--; });
    check_refused("expected 256 bytes, found 0", [](auto & d) { find(d, Role::OutputNorm).bytes = 0; });
    check_refused("beyond the end", [](auto & d) { find(d, Role::Query, 0).offset = d.file_size; });
    check_refused("beyond the end", [](auto & d) { find(d, Role::Query, 0).offset = d.file_size - 16383; });
    check_refused("beyond the end", [](auto & d) { find(d, Role::Query, 0).offset = UINT64_MAX; });
    check_refused("beyond the end", [](auto & d) { find(d, Role::Query, 0).offset = UINT64_MAX - 16383; });
    check_refused("beyond the end", [](auto & d) { d.file_size = 100; });
    check_refused("beyond the end", [](auto & d) { d.file_size = 0; });
}

TEST("table: tensors that are twice there, missing, or of no layer of the model") {
    check_refused("it is there twice", [](auto & d) { d.tensors.push_back(find(d, Role::Value, 1)); });
    check_refused("it is there twice", [](auto & d) { d.tensors.push_back(find(d, Role::Output)); });
    for (int layer = 0; layer < 2; layer++)
        for (int role = static_cast<int>(Role::AttentionNorm); role < kRoleCount; role++)
            check_refused("found 0", [&](auto & d) { remove(d, static_cast<Role>(role), layer); });
    for (const Role role : {Role::TokenEmbedding, Role::OutputNorm, Role::Output}) check_refused("found 0", [&](auto & d) { remove(d, role); });
    check_refused("found 0", [](auto & d) { d.tensors.clear(); });
    check_refused("found 1", [](auto & d) { d.hyperparameters.tied_embeddings = true; });
    check_refused("found layer 2 of 2", [](auto & d) { find(d, Role::Value, 1).layer = 2; });
    check_refused("found layer -1 of 2", [](auto & d) { find(d, Role::Value, 1).layer = -1; });
    check_refused("found layer -2147483648 of 2", [](auto & d) { find(d, Role::Value, 1).layer = INT32_MIN; });
    check_refused("found layer 2147483647 of 2", [](auto & d) { find(d, Role::Value, 1).layer = INT32_MAX; });
    check_refused("found layer 0 of 2", [](auto & d) { find(d, Role::OutputNorm).layer = 0; });
    check_refused("found layer 0 of 2", [](auto & d) { find(d, Role::TokenEmbedding).layer = 0; });
}

TEST("table: permuted heads other than the model's") {
    check_refused("expected 4 permuted heads, found 2", [](auto & d) { find(d, Role::Query, 0).permuted_heads = 2; });
    check_refused("expected 2 permuted heads, found 4", [](auto & d) { find(d, Role::Key, 0).permuted_heads = 4; });
    check_refused("expected 0 permuted heads, found 2", [](auto & d) { find(d, Role::Value, 0).permuted_heads = 2; });
    check_refused("expected 4 permuted heads, found -4", [](auto & d) { find(d, Role::Query, 0).permuted_heads = -4; });
}

TEST("table: hyper-parameters out of range") {
    const auto refused = [](const char * words, auto change) { check_refused(words, [&](auto & d) { change(d.hyperparameters); }); };
    for (const int value : {INT32_MIN, -1, 0, (1 << 20) + 1, INT32_MAX}) refused("context length", [=](auto & h) { h.context_length = value; });
    for (const int value : {-1, 0, (1 << 16) + 1}) refused("hidden size", [=](auto & h) { h.hidden_size = value; });
    for (const int value : {-1, 0, 1025}) refused("layers", [=](auto & h) { h.layer_count = value; });
    for (const int value : {-4, 0, 1026}) refused("heads", [=](auto & h) { h.head_count = value; });
    for (const int value : {-2, 0, 3, 8}) refused("key/value heads", [=](auto & h) { h.kv_head_count = value; });
    for (const int value : {-8, 0, 4, 12, 264}) refused("head size", [=](auto & h) { h.head_size = value; });
    for (const int value : {-1, 0, (1 << 18) + 1}) refused("feed-forward", [=](auto & h) { h.feed_forward_size = value; });
    for (const int value : {-1, 0, (1 << 24) + 1}) refused("vocabulary", [=](auto & h) { h.vocabulary_size = value; });
    for (const float value : {-1.0f, INFINITY, NAN}) refused("epsilon", [=](auto & h) { h.rms_norm_epsilon = value; });
    refused("rotation frequencies", [](auto & h) { h.inverse_frequencies.pop_back(); });
}
