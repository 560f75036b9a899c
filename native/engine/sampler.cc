#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "random.h"

namespace clmbr {
namespace {

void forbid(const std::vector<int32_t> & ids, std::vector<float> & logits) {
    for (const int32_t id : ids) logits[static_cast<size_t>(id)] = -INFINITY;
}

// Events below the k-th largest value cannot be drawn; equal ones can.
void keep_top_k(int k, std::vector<float> & logits, std::vector<float> & scratch) {
    if (k <= 0 || static_cast<size_t>(k) >= logits.size()) return;
    scratch = logits;
    std::nth_element(scratch.begin(), scratch.begin() + (k - 1), scratch.end(), std::greater<float>());
    const float least = scratch[static_cast<size_t>(k - 1)];
    for (float & logit : logits)
        if (logit < least) logit = -INFINITY;
}

// Takes out, from the least probable up, events that together have at most 1 - p; the most probable one stays.
void keep_top_p(double p, double total, std::vector<float> & weights, std::vector<int32_t> & order) {
    if (p >= 1) return;
    order.resize(weights.size());
    std::iota(order.begin(), order.end(), 0);
    const auto last = std::partition(order.begin(), order.end(), [&](int32_t i) { return weights[static_cast<size_t>(i)] > 0; });
    std::sort(order.begin(), last, [&](int32_t a, int32_t b) {
        const float x = weights[static_cast<size_t>(a)], y = weights[static_cast<size_t>(b)];
        return x != y ? x < y : a > b;
    });
    double mass = 0;
    for (auto i = order.begin(); i != last && i + 1 != last; ++i) {
        mass += static_cast<double>(weights[static_cast<size_t>(*i)]) / total;
        if (mass > 1 - p) break;
        weights[static_cast<size_t>(*i)] = 0;
    }
}

double sum_of(const std::vector<float> & weights) {
    double sum = 0;
    for (const float weight : weights) sum += static_cast<double>(weight);
    return sum;
}

// The first of equals.
int32_t most_probable(const std::vector<float> & logits) {
    return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace

double shape_distribution(const kernels::Kernels & kernels, const SamplerSettings & s, SamplerMemory & m) {
    const float divisor = s.temperature > 0 ? s.temperature : 1.0f;
    keep_top_k(s.top_k, m.logits, m.weights);
    m.weights.resize(m.logits.size());
    kernels.softmax_weights(m.logits.data(), static_cast<int>(m.logits.size()), divisor, m.weights.data());
    if (s.top_p >= 1) return sum_of(m.weights);
    keep_top_p(s.top_p, sum_of(m.weights), m.weights, m.order);
    return sum_of(m.weights);
}

Draw draw(const kernels::Kernels & kernels, const SamplerSettings & s, const float * logits, int vocabulary, uint64_t sample, uint64_t event,
          SamplerMemory & m) {
    Draw result;
    const float total = kernels.log_sum_exp(logits, vocabulary);
    double target = 0;
    for (const int32_t id : s.target) target += std::exp(static_cast<double>(logits[id] - total));
    result.target_probability = static_cast<float>(std::min(target, 1.0));

    // The model gives no event a probability, and NaN has no order.
    result.possible = !std::isnan(total);
    if (!result.possible) return result;

    m.logits.assign(logits, logits + vocabulary);
    forbid(s.forbidden, m.logits);
    if (event < static_cast<uint64_t>(s.least_events)) forbid(s.early, m.logits);
    const int32_t best = most_probable(m.logits);
    result.possible = m.logits[static_cast<size_t>(best)] > -INFINITY;
    if (!result.possible) return result;

    result.id = best;
    const double mass = s.temperature > 0 ? shape_distribution(kernels, s, m) : 0;
    // NaN where the temperature is so low that quotients overflow.
    if (mass > 0) {
        double left = uniform(s.seed, sample, event) * mass;
        for (int32_t id = 0; id < vocabulary; id++) {
            const double weight = static_cast<double>(m.weights[static_cast<size_t>(id)]);
            if (weight <= 0) continue;
            result.id = id;  // rounding may leave a little at the end: then the last possible one
            if (left < weight) break;
            left -= weight;
        }
    }
    result.log_probability = logits[result.id] - total;
    return result;
}

}  // namespace clmbr
