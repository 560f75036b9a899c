#include "length_buckets.h"

#include <algorithm>
#include <numeric>

namespace clmbr {
namespace {

// Few lengths mean few shapes, for which some backends compile kernels.
int padded(int length, int context_length) {
    const int step = length <= 64 ? 8 : 32;
    return std::min((length + step - 1) / step * step, context_length);
}

// Whether a sequence is long enough to be padded to `length`.
bool fits(int own, int length) { return own * 4 >= length * 3 || length - own <= 16; }

}  // namespace

std::vector<LengthBucket> bucket_sequences(const BatchLayout & layout, int context_length, int budget) {
    std::vector<int> order;
    for (int i = 0; i < static_cast<int>(layout.sequences.size()); i++)
        if (layout.sequences[static_cast<size_t>(i)].query_count > 0) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return layout.sequences[static_cast<size_t>(a)].length > layout.sequences[static_cast<size_t>(b)].length;
    });
    std::vector<LengthBucket> buckets;
    for (const int index : order) {
        const BatchLayout::Sequence & s = layout.sequences[static_cast<size_t>(index)];
        const bool room = !buckets.empty() && fits(s.length, buckets.back().length) &&
                          (static_cast<int64_t>(buckets.back().sequences.size()) + 1) * buckets.back().length <= budget;
        if (!room) buckets.push_back({{}, padded(s.length, context_length), 0});
        buckets.back().sequences.push_back(index);
        buckets.back().rows = std::max(buckets.back().rows, s.query_count);
    }
    for (LengthBucket & bucket : buckets)
        if (bucket.rows > bucket.length / 2) bucket.rows = 0;
    return buckets;
}

}  // namespace clmbr
