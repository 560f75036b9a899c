// Weights that are no numbers are refused; numbers that are too large show in every result that they reach.
#include <limits>

#include "../engine/file.h"
#include "../engine/generation.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

// Writes `bytes` over weight `index` of a tensor, counted in steps of their size.
void plant(Model & model, size_t tensor, size_t index, const std::vector<uint8_t> & bytes) {
    ModelDescription & d = model.description;
    std::vector<uint8_t> file(d.file_size);
    { const File source(d.path); source.read(0, file.data(), file.size()); }
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<long>(d.tensors[tensor].offset + index * bytes.size()));
    write_bytes(d.path, file);
    d.key += " changed";
}

size_t index_of(const Model & model, Role role) {
    size_t i = 0;
    while (model.description.tensors[i].role != role) i++;
    return i;
}

std::vector<uint8_t> bytes_of(float value, size_t count = 1) {
    std::vector<uint8_t> bytes(count * sizeof value);
    for (size_t i = 0; i < count; i++) std::memcpy(&bytes[i * sizeof value], &value, sizeof value);
    return bytes;
}

bool all_nan(const std::vector<float> & values) {
    for (const float value : values)
        if (!std::isnan(value)) return false;
    return true;
}

}  // namespace

TEST("finite: a weight that is no number is refused, of any type, in any tensor") {
    const std::vector<std::pair<kernels::WeightType, std::vector<std::vector<uint8_t>>>> cases = {
        {kernels::WeightType::F32, {bytes_of(NAN), bytes_of(INFINITY), bytes_of(-INFINITY)}},
        {kernels::WeightType::F16, {{0x00, 0x7c}, {0x01, 0xfe}}},
        {kernels::WeightType::BF16, {{0x80, 0x7f}, {0xc0, 0xff}}},
        // A block of 34 bytes begins with its scale.
        {kernels::WeightType::Q8_0, {std::vector<uint8_t>(34, 0x7f)}},
    };
    for (const auto & [type, values] : cases) {
        for (const auto & value : values) {
            for (const bool tied : {false, true}) {
                ModelOptions options;
                options.type = options.embedding_type = type;
                options.tied = tied, options.permuted = true;
                const size_t tensors = Model(options).description.tensors.size();
                for (size_t i = 0; i < tensors; i++) {
                    Model model(options);
                    const TensorEntry t = model.description.tensors[i];
                    if (t.type != type) continue;
                    plant(model, i, t.bytes / value.size() - 1, value);
                    CHECK_THROWS("UNSUPPORTED_MODEL", (t.name + ": expected finite weights").c_str(), load(model.description));
                    model.description.compute = Compute::Int8;
                    CHECK_THROWS("UNSUPPORTED_MODEL", (t.name + ": expected finite weights").c_str(), load(model.description));
                }
            }
        }
    }
}

TEST("finite: the largest numbers are not refused") {
    Model model;
    plant(model, index_of(model, Role::Up), 5, bytes_of(std::numeric_limits<float>::max()));
    plant(model, index_of(model, Role::Up), 6, bytes_of(-std::numeric_limits<float>::denorm_min()));
    load(model.description);
}

TEST("finite: scores that overflow give NaN, whoever reads them") {
    Model model;
    const TensorEntry query = model.description.tensors[index_of(model, Role::Query)];
    plant(model, index_of(model, Role::Query), 0, bytes_of(3e38f, query.bytes / 4));
    const auto executor = load(model.description);
    const std::vector<std::vector<int32_t>> sequence = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
    for (const Pooling pooling : {Pooling::Last, Pooling::Mean, Pooling::Max}) {
        CHECK(all_nan(run(*executor, {sequence, {{0, 10}}, pooling}).values));
        CHECK(all_nan(run(*executor, {sequence, {{0, 10}}, pooling, Representation::Logits}).values));
        CHECK(all_nan(run(*executor, {sequence, {{0, 10}}, pooling, Representation::Next, 50}).values));
    }
    const auto history = prefill(*executor, sequence[0], kNotCancelled);
    Continuation continuation(model.h(), history, 1);
    for (const int top_k : {0, 5})
        for (const double top_p : {1.0, 0.5}) {
            SamplerSettings settings;
            settings.top_k = top_k, settings.top_p = top_p;
            CHECK(!step(*executor, {{&continuation, -1, 0, 0}}, settings, kNotCancelled)[0].possible);
        }
}

TEST("finite: one logit that overflows is not passed over") {
    Model model;
    // Beside nothing but zeros in the row of token 30: an infinite logit, or one of NaN.
    plant(model, index_of(model, Role::Output), 30, bytes_of(0.0f, 64));
    plant(model, index_of(model, Role::Output), 30 * 64 + 7, bytes_of(3e38f));
    plant(model, index_of(model, Role::OutputNorm), 7, bytes_of(1e30f));
    const auto executor = load(model.description);
    for (const int32_t token : {1, 2, 3, 4}) {
        const Result logits = run(*executor, {{{token}}, {{0, 1}}, Pooling::Last, Representation::Logits});
        const bool above = logits.values[30] == INFINITY;
        CHECK(above || logits.values[30] == -INFINITY);
        const Result next = run(*executor, {{{token}}, {{0, 1}}, Pooling::Last, Representation::Next, 3});
        CHECK_EQUAL(all_nan(next.values), above);
    }
}

TEST("finite: NaN comes out of sums over a row, wherever it stands") {
    for (const kernels::Kernels * path : available_paths()) {
        for (const int n : {1, 15, 16, 17, 5000}) {
            for (const int at : {0, n / 2, n - 1}) {
                std::vector<float> x(static_cast<size_t>(n), 1.0f), weights(x);
                x[static_cast<size_t>(at)] = NAN;
                CHECK_IN(std::isnan(path->log_sum_exp(x.data(), n)), path->name);
                path->softmax_weights(x.data(), n, 1.0f, weights.data());
                CHECK_IN(std::isnan(weights[static_cast<size_t>(at)]), path->name);
            }
        }
    }
}

TEST("finite: a temperature at which quotients overflow leaves the most probable event") {
    const kernels::Kernels & kernels = *kernels::select_kernels(nullptr);
    SamplerMemory memory(4);
    SamplerSettings settings;
    settings.temperature = 1e-40f;
    for (const float shift : {-10.0f, 0.0f, 10.0f}) {
        const std::vector<float> logits = {shift, shift + 2, shift + 5, shift - 1};
        for (uint64_t sample = 0; sample < 20; sample++) {
            const Draw drawn = draw(kernels, settings, logits.data(), 4, sample, 0, memory);
            CHECK_EQUAL(drawn.id, 2);
            CHECK(drawn.possible);
        }
    }
}
