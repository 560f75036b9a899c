// Products in int8: weights and activations are rounded as promised, and every path gives the bits of the plainest possible loop.
#include <algorithm>

#include "../engine/generation.h"
#include "../engine/int8_packing.h"
#include "session.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::kInt8Group;
using kernels::kInt8GroupBytes;
using kernels::kInt8Offset;
using kernels::kPanelWidth;
using kernels::WeightType;

namespace {

size_t groups_of(int inputs) { return kernels::int8_groups(static_cast<size_t>(inputs)); }

struct Quantised {
    std::vector<uint8_t> quants;
    std::vector<float> scales;
};

// Rows of `n` numbers one after the other.
Quantised quantised(const kernels::Kernels & path, const std::vector<float> & x, int n) {
    const size_t rows = x.size() / static_cast<size_t>(n), groups = groups_of(n);
    Quantised q{std::vector<uint8_t>(rows * groups * kInt8Group, 7), std::vector<float>(rows * groups, 7)};
    for (size_t r = 0; r < rows; r++)
        path.quantise(&x[r * static_cast<size_t>(n)], n, &q.quants[r * groups * kInt8Group], &q.scales[r * groups]);
    return q;
}

struct Panels {
    std::vector<uint8_t> bytes;
    int outputs, inputs;

    Panels(const std::vector<float> & weights, int outputs_, int inputs_) : outputs(outputs_), inputs(inputs_) {
        const size_t panels = (static_cast<size_t>(outputs) + kPanelWidth - 1) / kPanelWidth;
        bytes.resize(panels * kernels::panel_bytes(WeightType::Int8, static_cast<size_t>(inputs)));
        for (int o = 0; o < outputs; o++)
            for (int k = 0; k < inputs; k += kInt8Group)
                pack_int8_group(&weights[static_cast<size_t>(o) * static_cast<size_t>(inputs) + static_cast<size_t>(k)],
                                std::min(kInt8Group, inputs - k), panel(o / kPanelWidth), k / kInt8Group, o % kPanelWidth);
    }
    uint8_t * panel(int index) {
        return bytes.data() + static_cast<size_t>(index) * kernels::panel_bytes(WeightType::Int8, static_cast<size_t>(inputs));
    }
    kernels::PackedMatrix matrix() const { return {bytes.data(), WeightType::Int8, outputs, inputs}; }

    int quant(int output, int input) const {
        const uint8_t * group = matrix().panel(output / kPanelWidth) + static_cast<size_t>(input / kInt8Group) * kInt8GroupBytes;
        const int k = input % kInt8Group;
        return static_cast<int8_t>(group[k / 4 * 4 * kPanelWidth + output % kPanelWidth * 4 + k % 4]);
    }
    float scale(int output, int group) const {
        const uint8_t * data = matrix().panel(output / kPanelWidth) + static_cast<size_t>(group) * kInt8GroupBytes;
        uint16_t half;
        std::memcpy(&half, data + kernels::kInt8ScaleOffset + 2 * (output % kPanelWidth), 2);
        const uint32_t bits = static_cast<uint32_t>(half) << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};

// What kernels.h promises, for one output of one row: exact sums within a group, one chain over them.
float chain(const Quantised & a, size_t row, const Panels & w, int output) {
    const size_t groups = groups_of(w.inputs);
    float sum = 0;
    for (size_t g = 0; g < groups; g++) {
        long long exact = 0;
        for (int k = 0; k < kInt8Group; k++) {
            const size_t at = (row * groups + g) * kInt8Group + static_cast<size_t>(k);
            exact += (a.quants[at] - kInt8Offset) * w.quant(output, static_cast<int>(g) * kInt8Group + k);
        }
        sum = std::fma(static_cast<float>(exact), w.scale(output, static_cast<int>(g)) * a.scales[row * groups + g], sum);
    }
    return sum;
}

void check_product(const std::vector<float> & a, const std::vector<float> & weights, int rows, int outputs, int inputs, int cut) {
    const Panels w(weights, outputs, inputs);
    const int groups = static_cast<int>(groups_of(inputs));
    const std::string name = std::to_string(rows) + " x " + std::to_string(inputs) + " x " + std::to_string(outputs);
    const Quantised q = quantised(*kernels::scalar_kernels(), a, inputs);
    for (const kernels::Kernels * path : available_paths()) {
        const kernels::QuantisedRows input{q.quants.data(), static_cast<size_t>(groups) * kInt8Group, q.scales.data(), static_cast<size_t>(groups)};
        for (int panel = 0; panel < w.matrix().panels(); panel++) {
            const size_t ldc = 48;
            std::vector<float> c(static_cast<size_t>(rows) * ldc, 77.0f);
            for (int g = 0; g < groups; g += cut) path->gemm_int8(input, rows, w.matrix(), panel, g, std::min(groups, g + cut), c.data(), ldc, g > 0);
            for (int r = 0; r < rows; r++) {
                const float * found = &c[static_cast<size_t>(r) * ldc];
                for (int lane = 0; lane < kPanelWidth; lane++) {
                    const int output = panel * kPanelWidth + lane;
                    const float expected = output < outputs ? chain(q, static_cast<size_t>(r), w, output) : 0.0f;
                    CHECK_IN(same_bits(found + lane, &expected, 1), name + " on " + path->name);
                }
                for (size_t i = kPanelWidth; i < ldc; i++) CHECK_EQUAL(found[i], 77.0f);
            }
        }
    }
}

ModelDescription in_int8(const Model & model) {
    ModelDescription description = model.description;
    description.compute = Compute::Int8;
    return description;
}

double cosine(const float * a, const float * b, size_t n) {
    double product = 0, x = 0, y = 0;
    for (size_t i = 0; i < n; i++) {
        product += static_cast<double>(a[i]) * b[i];
        x += static_cast<double>(a[i]) * a[i];
        y += static_cast<double>(b[i]) * b[i];
    }
    return product / std::sqrt(x * y);
}

ModelOptions three_layers() {
    ModelOptions options;
    options.layers = 3;
    options.hidden_size = 72;  // groups that are not full
    return options;
}

}  // namespace

TEST("int8: activations are rounded to the nearest of 255 steps, by every path alike") {
    Random random(50);
    for (const int n : {1, 3, 63, 64, 65, 200, 256}) {
        const std::vector<float> x = random.reals(static_cast<size_t>(n) * 3, 5);
        const Quantised q = quantised(*kernels::scalar_kernels(), x, n);
        for (size_t r = 0; r < 3; r++)
            for (size_t k = 0; k < groups_of(n) * kInt8Group; k++) {
                const uint8_t quant = q.quants[r * groups_of(n) * kInt8Group + k];
                if (k >= static_cast<size_t>(n)) {
                    CHECK_EQUAL(static_cast<int>(quant), kInt8Offset);
                    continue;
                }
                const size_t row = r * static_cast<size_t>(n), begin = k / kInt8Group * kInt8Group;
                double top = 0;
                for (size_t i = begin; i < std::min(begin + kInt8Group, static_cast<size_t>(n)); i++) top = std::max(top, std::abs(static_cast<double>(x[row + i])));
                const double scale = q.scales[r * groups_of(n) + k / kInt8Group];
                CHECK(is_close(scale, top / 127, 1e-6, 0));
                CHECK(std::abs(scale * (quant - kInt8Offset) - x[row + k]) <= scale * 0.50001);
            }
        for (const kernels::Kernels * path : available_paths()) {
            const Quantised other = quantised(*path, x, n);
            CHECK_IN(other.quants == q.quants && same_bits(other.scales, q.scales), path->name);
        }
    }
}

TEST("int8: groups of zeros, of what is almost zero, and of what is no number") {
    for (const kernels::Kernels * path : available_paths()) {
        for (const float value : {0.0f, -0.0f, 1e-38f, 1e-42f, INFINITY, -INFINITY, NAN}) {
            std::vector<float> x(128, 0.0f);
            x[5] = value;
            x[64] = -3;
            const Quantised q = quantised(*path, x, 128);
            CHECK_IN(std::isfinite(value) ? q.scales[0] == 0 : std::isnan(q.scales[0]), path->name);
            for (size_t k = 0; k < 64; k++) CHECK_EQUAL(static_cast<int>(q.quants[k]), kInt8Offset);
            CHECK_EQUAL(static_cast<int>(q.quants[64]), kInt8Offset - 127);
        }
        const std::vector<float> small(64, 1e-29f);
        CHECK_EQUAL(static_cast<int>(quantised(*path, small, 64).quants[0]), kInt8Offset + 127);
    }
}

TEST("int8: weights are rounded to steps of their group, and no pair can saturate 16 bits") {
    Random random(51);
    for (const int inputs : {1, 63, 64, 130}) {
        std::vector<float> weights = random.reals(static_cast<size_t>(inputs) * 40, 0.1f);
        for (int k = 0; k < inputs; k++) weights[static_cast<size_t>(k)] = k % 7 == 0 ? 0.0f : -0.25f;  // the sum of two decides
        const Panels w(weights, 40, inputs);
        for (int o = 0; o < 40; o++) {
            for (int k = 0; k < inputs; k += 2) {
                const int one = w.quant(o, k), two = k + 1 < inputs ? w.quant(o, k + 1) : 0;
                CHECK(std::max(one, 0) + std::max(two, 0) <= 128 && std::min(one, 0) + std::min(two, 0) >= -128);
            }
            for (int g = 0; g * kInt8Group < inputs; g++) {
                double top = 0;
                int sum = 0;
                const int end = std::min(inputs, (g + 1) * kInt8Group);
                for (int k = g * kInt8Group; k < end; k++) {
                    const double weight = weights[static_cast<size_t>(o * inputs + k)];
                    top = std::max(top, std::abs(weight));
                    if (k % 2 == 0 && k + 1 < end) top = std::max(top, std::abs(weight + static_cast<double>(weights[static_cast<size_t>(o * inputs + k + 1)])));
                    CHECK(std::abs(static_cast<double>(w.scale(o, g)) * w.quant(o, k) - weight) <= w.scale(o, g) * 0.50001);
                    sum += w.quant(o, k);
                }
                // Rounded up to 8 bits of precision.
                CHECK(w.scale(o, g) >= top / 127 * 0.999999 && w.scale(o, g) <= top / 127 * 1.0079);
                int16_t negative;
                std::memcpy(&negative, w.matrix().panel(o / kPanelWidth) + static_cast<size_t>(g) * kInt8GroupBytes + kernels::kInt8SumOffset + 2 * (o % kPanelWidth), 2);
                CHECK_EQUAL(negative, -sum);
            }
        }
    }
}

TEST("int8: a weight that is no number makes its output none, and no other") {
    std::vector<float> weights(64 * 32, 0.5f), a(64, 1.0f);
    weights[64 * 3 + 9] = NAN;
    weights[64 * 4] = INFINITY;
    const Panels w(weights, 32, 64);
    const Quantised q = quantised(*kernels::scalar_kernels(), a, 64);
    for (const kernels::Kernels * path : available_paths()) {
        std::vector<float> c(32);
        path->gemm_int8({q.quants.data(), 64, q.scales.data(), 1}, 1, w.matrix(), 0, 0, 1, c.data(), 32, false);
        for (size_t o = 0; o < 32; o++) CHECK_IN(o == 3 || o == 4 ? std::isnan(c[o]) : is_close(c[o], 32, 0.02, 0), path->name);
    }
}

TEST("int8: products are the chain of exact sums, whatever the tiles and the path") {
    Random random(52);
    for (int rows = 1; rows <= 26; rows++)
        check_product(random.reals(static_cast<size_t>(rows) * 130), random.reals(130 * 33), rows, 33, 130, rows % 2 + 1);
    for (const int inputs : {1, 4, 63, 64, 65, 400})
        check_product(random.reals(static_cast<size_t>(inputs) * 13), random.reals(static_cast<size_t>(inputs) * 70), 13, 70, inputs, 3);
}

TEST("int8: products of the largest numbers do not saturate") {
    for (const float a : {-1.0f, 1.0f})
        for (const float w : {-1.0f, 1.0f}) {
            check_product(std::vector<float>(64 * 13, a), std::vector<float>(64 * 32, w), 13, 32, 64, 1);
            std::vector<float> single(64 * 32, 0.0f);
            for (size_t i = 0; i < single.size(); i += 2) single[i] = w;
            check_product(std::vector<float>(64 * 13, a), single, 13, 32, 64, 1);
        }
}

TEST("int8: products are close to those of the numbers that were rounded") {
    Random random(53);
    const int inputs = 640, outputs = 64;
    const std::vector<float> a = random.reals(inputs), weights = random.reals(inputs * outputs);
    const Quantised q = quantised(*kernels::scalar_kernels(), a, inputs);
    const Panels w(weights, outputs, inputs);
    std::vector<float> found, expected;
    for (int o = 0; o < outputs; o++) {
        double exact = 0;
        for (size_t k = 0; k < inputs; k++) exact += static_cast<double>(a[k]) * weights[static_cast<size_t>(o) * inputs + k];
        found.push_back(chain(q, 0, w, o));
        expected.push_back(static_cast<float>(exact));
    }
    CHECK(cosine(found.data(), expected.data(), outputs) > 0.9999);
}

TEST("int8: models of every type of weights are close to F32, in less memory, and not shared with it") {
    for (const WeightType type : kWeightTypes) {
        ModelOptions options = three_layers();
        if (type == WeightType::Q8_0) options.hidden_size = 96;
        options.type = type;
        options.permuted = true;
        const Model model(options);
        const auto exact = load(model.description), rounded = load(in_int8(model));
        CHECK(&exact->weights() != &rounded->weights());
        if (type == WeightType::F32) CHECK(rounded->weights().bytes() < exact->weights().bytes() * 7 / 10);
        Random random(54);
        const Request request{{random_tokens(random, 60, options.vocabulary)}, every_token(60), Pooling::Last, Representation::Logits};
        const Result one = run(*exact, request), two = run(*rounded, request);
        CHECK(!same_bits(one.values, two.values));
        CHECK_IN(cosine(one.values.data(), two.values.data(), one.values.size()) > 0.999, type_name(type));
    }
}

TEST("int8: threads, instruction sets and companions change no bit") {
    const Model model(three_layers());
    Random random(55);
    std::vector<std::vector<int32_t>> sequences;
    std::vector<Range> ranges;
    for (const int length : {1, 33, 300, 5, 257, 2}) {
        sequences.push_back(random_tokens(random, length, model.h().vocabulary_size));
        const int begin = ranges.empty() ? 0 : ranges.back().end;
        ranges.push_back({begin, begin + length});
    }
    for (const Representation kind : {Representation::Hidden, Representation::Logits}) {
        const Result expected = run(*load(in_int8(model), 1, *kernels::scalar_kernels()), {sequences, ranges, Pooling::Mean, kind});
        for (const kernels::Kernels * path : available_paths())
            for (const int threads : {1, 3}) {
                const auto executor = load(in_int8(model), threads, *path);
                CHECK_IN(same_bits(run(*executor, {sequences, ranges, Pooling::Mean, kind}).values, expected.values), path->name);
                for (size_t i = 0; i < sequences.size(); i++) {
                    const int length = static_cast<int>(sequences[i].size());
                    CHECK_IN(same_bits(run(*executor, {{sequences[i]}, {{0, length}}, Pooling::Mean, kind}).values, expected.row(i)), path->name);
                }
            }
    }
}

TEST("int8: steps of generation have the bits of a whole pass") {
    const Model model(three_layers());
    for (const kernels::Kernels * path : available_paths()) {
        const auto executor = load(in_int8(model), 2, *path);
        Random random(56);
        std::vector<int32_t> tokens = random_tokens(random, 70, model.h().vocabulary_size);
        const auto history = prefill(*executor, tokens, kNotCancelled);
        Continuation continuation(model.h(), history, 20);
        SamplerSettings settings;
        settings.seed = 3;
        for (int event = 0; event < 20; event++) {
            const Draw draw = step(*executor, {{&continuation, event == 0 ? -1 : tokens.back(), 0, static_cast<uint64_t>(event)}}, settings, kNotCancelled)[0];
            Batch batch;
            batch.tokens = tokens;
            batch.tokens.push_back(draw.id);
            batch.lengths = {static_cast<int32_t>(batch.tokens.size())};
            batch.representation = Representation::Score;
            float value = NAN;
            int32_t ids[2];
            batch.outputs.push_back({static_cast<int32_t>(tokens.size()) - 1, static_cast<int32_t>(tokens.size()), &value, ids});
            executor->run(batch, kNotCancelled);
            CHECK_IN(same_bits(&value, &draw.log_probability, 1), path->name);
            tokens.push_back(draw.id);
        }
    }
}
