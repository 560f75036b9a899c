// Norms, activations and sums: close to F64, and the same bits on every path.
#include <algorithm>

#include "matrix.h"
#include "paths.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;

namespace {

std::vector<int> sizes() {
    std::vector<int> all;
    for (int n = 1; n <= 70; n++) all.push_back(n);
    all.insert(all.end(), {511, 768, 4095, 4096, 4097, 9001});
    return all;
}

// The result of the scalar path after a check that all paths agree. `f(path)` returns a row of floats.
template <class F>
std::vector<float> on_every_path(const char * what, int n, F f) {
    std::vector<float> first;
    for (const kernels::Kernels * path : available_paths()) {
        const std::vector<float> result = f(*path);
        if (first.empty()) first = result;
        CHECK_IN(same_bits(first, result), std::string(what) + " of " + std::to_string(n) + " on " + path->name);
    }
    return first;
}

}  // namespace

TEST("elementwise: rms_norm") {
    Random random(10);
    for (const int n : sizes()) {
        const std::vector<float> x = random.reals(static_cast<size_t>(n), 3), weight = random.reals(static_cast<size_t>(n), 2);
        const auto out = on_every_path("rms_norm", n, [&](const kernels::Kernels & path) {
            std::vector<float> result(static_cast<size_t>(n));
            path.rms_norm(x.data(), weight.data(), n, 1e-5f, result.data());
            return result;
        });
        double squares = 0;
        for (const float v : x) squares += static_cast<double>(v) * v;
        for (size_t i = 0; i < out.size(); i++)
            CHECK_IN(is_close(out[i], weight[i] * (x[i] / std::sqrt(squares / n + static_cast<double>(1e-5f))), 1e-6, 0), std::to_string(n));
    }
}

TEST("elementwise: silu_mul, from -200 to 200") {
    Random random(11);
    for (const int n : sizes()) {
        std::vector<float> gate = random.reals(static_cast<size_t>(n), n % 2 ? 5.0f : 200.0f);
        if (n > 2) gate[0] = 0, gate[1] = -88.5f;
        const std::vector<float> up = random.reals(static_cast<size_t>(n), 2);
        const auto out = on_every_path("silu_mul", n, [&](const kernels::Kernels & path) {
            std::vector<float> result(static_cast<size_t>(n));
            path.silu_mul(gate.data(), up.data(), n, result.data());
            return result;
        });
        for (size_t i = 0; i < out.size(); i++)
            CHECK_IN(is_close(out[i], gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i], 1e-6, 1e-35), std::to_string(gate[i]));
    }
}

TEST("elementwise: add, also in place") {
    Random random(12);
    for (const int n : sizes()) {
        const std::vector<float> a = random.reals(static_cast<size_t>(n)), b = random.reals(static_cast<size_t>(n));
        const auto out = on_every_path("add", n, [&](const kernels::Kernels & path) {
            std::vector<float> result = a;
            path.add(result.data(), b.data(), n, result.data());
            return result;
        });
        for (size_t i = 0; i < out.size(); i++) CHECK_EQUAL(out[i], a[i] + b[i]);
    }
}

TEST("elementwise: rotate rounds products before it adds them") {
    Random random(13);
    for (int half = 1; half <= 128; half++) {
        const std::vector<float> x = random.reals(static_cast<size_t>(2 * half)), cosine = random.reals(static_cast<size_t>(half)),
                                 sine = random.reals(static_cast<size_t>(half));
        const auto out = on_every_path("rotate", half, [&](const kernels::Kernels & path) {
            std::vector<float> result = x;
            path.rotate(result.data(), cosine.data(), sine.data(), half);
            return result;
        });
        for (size_t i = 0; i < static_cast<size_t>(half); i++) {
            const float a = x[i], b = x[i + static_cast<size_t>(half)];
            const float ac = a * cosine[i], bs = b * sine[i], bc = b * cosine[i], as = a * sine[i];
            CHECK_EQUAL(out[i], ac - bs);
            CHECK_EQUAL(out[i + static_cast<size_t>(half)], bc + as);
        }
    }
}

TEST("elementwise: log_sum_exp") {
    Random random(14);
    for (const int n : sizes()) {
        std::vector<float> x = random.reals(static_cast<size_t>(n), n % 3 ? 10.0f : 80.0f);
        if (n > 40) x[3] = -INFINITY;
        if (n == 50) x.assign(x.size(), -1e30f);
        const auto out = on_every_path("log_sum_exp", n, [&](const kernels::Kernels & path) {
            return std::vector<float>{path.log_sum_exp(x.data(), n)};
        });
        double top = -INFINITY, sum = 0;
        for (const float v : x) top = std::max<double>(top, v);
        for (const float v : x) sum += std::exp(v - top);
        CHECK_IN(is_close(out[0], top + std::log(sum), 2e-7, 1e-6), std::to_string(n));
    }
}

TEST("elementwise: widen reads rows of every type") {
    Random random(15);
    for (const kernels::WeightType type : kWeightTypes) {
        for (const int n : {32, 64, 96, 512}) {
            const Matrix matrix = random_matrix(random, type, 1, n);
            const auto out = on_every_path(type_name(type), n, [&](const kernels::Kernels & path) {
                std::vector<float> result(static_cast<size_t>(n));
                path.widen(matrix.bytes.data(), type, n, result.data());
                return result;
            });
            for (int i = 0; i < n; i++) CHECK_EQUAL(out[static_cast<size_t>(i)], matrix.at(0, i));
        }
    }
}
