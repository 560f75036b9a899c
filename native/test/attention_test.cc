// Attention against a plain softmax in F64; the same bits on every path and whichever queries come together.
#include <algorithm>

#include "paths.h"
#include "random.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::kPanelWidth;

namespace {

struct Case {
    int key_count, group, head_size;
    std::vector<int32_t> positions;
    std::vector<float> keys, values;  // row-major [key][head_size]
    std::vector<float> packed_keys, packed_values;
    size_t padded_keys, stride;
    std::vector<float> queries;
    float scale;

    Case(Random & random, int key_count_, int group_, int head_size_, int query_count)
        : key_count(key_count_), group(group_), head_size(head_size_) {
        // A random ascending subset; the last key is always asked for.
        std::vector<int32_t> all(static_cast<size_t>(key_count - 1));
        for (size_t i = 0; i < all.size(); i++) all[i] = static_cast<int32_t>(i);
        for (size_t i = all.size(); i > 1; i--) std::swap(all[i - 1], all[static_cast<size_t>(random.integer(0, static_cast<int>(i) - 1))]);
        positions.assign(all.begin(), all.begin() + std::min<long>(query_count - 1, static_cast<long>(all.size())));
        positions.push_back(key_count - 1);
        std::sort(positions.begin(), positions.end());

        const size_t n = static_cast<size_t>(key_count), width = static_cast<size_t>(head_size);
        keys = random.reals(n * width, 3);
        values = random.reals(n * width, 2);
        padded_keys = kernels::round_up(n, kPanelWidth);
        const size_t columns = kernels::round_up(width, kPanelWidth);
        packed_keys.assign(padded_keys * width, 0.0f);
        packed_values.assign(padded_keys * columns, 0.0f);
        for (size_t key = 0; key < n; key++) {
            for (size_t d = 0; d < width; d++) {
                packed_keys[(key / 32 * width + d) * 32 + key % 32] = keys[key * width + d];
                packed_values[(d / 32 * padded_keys + key) * 32 + d % 32] = values[key * width + d];
            }
        }
        stride = width * static_cast<size_t>(group) + 5;
        queries = random.reals(positions.size() * stride, 3);
        scale = 1 / std::sqrt(static_cast<float>(head_size));
    }

    std::string name() const {
        return std::to_string(key_count) + " keys, group " + std::to_string(group) + ", head size " + std::to_string(head_size) + ", " +
               std::to_string(positions.size()) + " queries";
    }

    // Queries [first, first + count) through the kernel, in place as the engine calls it; other floats must stay.
    std::vector<float> run(const kernels::Kernels & path, size_t first, size_t count) const {
        const size_t used = static_cast<size_t>(group * head_size);
        std::vector<float> rows(queries.begin() + static_cast<long>(first * stride),
                                queries.begin() + static_cast<long>((first + count - 1) * stride + used));
        std::vector<float> scratch(kernels::attention_scratch_floats(count * static_cast<size_t>(group), static_cast<size_t>(head_size)), NAN);
        kernels::AttentionTask t;
        t.queries = rows.data();
        t.query_stride = t.out_stride = stride;
        t.positions = positions.data() + first;
        t.query_count = static_cast<int>(count);
        t.group = group;
        t.head_size = head_size;
        t.keys = packed_keys.data();
        t.values = packed_values.data();
        t.padded_keys = padded_keys;
        t.scale = scale;
        t.out = rows.data();
        t.scratch = scratch.data();
        path.attention(t);
        std::vector<float> result;
        for (size_t q = 0; q < count; q++) {
            result.insert(result.end(), rows.begin() + static_cast<long>(q * stride), rows.begin() + static_cast<long>(q * stride + used));
            for (size_t i = q * stride + used; i < std::min(rows.size(), (q + 1) * stride); i++)
                CHECK_EQUAL(rows[i], queries[first * stride + i]);
        }
        return result;
    }

    std::vector<double> exact(size_t q, int head) const {
        const size_t width = static_cast<size_t>(head_size), visible = static_cast<size_t>(positions[q]) + 1;
        const float * query = queries.data() + q * stride + static_cast<size_t>(head) * width;
        std::vector<double> weight(visible), out(width, 0.0);
        double top = -INFINITY, sum = 0;
        for (size_t key = 0; key < visible; key++) {
            for (size_t d = 0; d < width; d++) weight[key] += static_cast<double>(query[d]) * keys[key * width + d];
            top = std::max(top, weight[key] *= scale);
        }
        for (double & w : weight) sum += w = std::exp(w - top);
        for (size_t key = 0; key < visible; key++)
            for (size_t d = 0; d < width; d++) out[d] += weight[key] / sum * values[key * width + d];
        return out;
    }
};

void check_case(const Case & c) {
    const size_t count = c.positions.size(), width = static_cast<size_t>(c.head_size), row = width * static_cast<size_t>(c.group);
    const std::vector<float> result = c.run(*kernels::scalar_kernels(), 0, count);
    for (size_t q = 0; q < count; q++) {
        for (int head = 0; head < c.group; head++) {
            const std::vector<double> exact = c.exact(q, head);
            for (size_t d = 0; d < width; d++)
                CHECK_IN(is_close(result[q * row + static_cast<size_t>(head) * width + d], exact[d], 1e-5, 2e-5), c.name());
        }
    }
    for (const kernels::Kernels * path : available_paths()) {
        CHECK_IN(same_bits(c.run(*path, 0, count), result), c.name() + " on " + path->name);
        const size_t cut = count / 3 + 1;
        for (const size_t q : {size_t(0), count / 2, count - 1})
            CHECK_IN(same_bits(c.run(*path, q, 1).data(), result.data() + q * row, row), c.name() + ", one query alone on " + path->name);
        if (cut < count)
            CHECK_IN(same_bits(c.run(*path, cut, count - cut).data(), result.data() + cut * row, (count - cut) * row),
                     c.name() + ", some queries on " + path->name);
    }
}

}  // namespace

TEST("attention: key counts around panels and blocks") {
    Random random(20);
    for (const int keys : {1, 2, 31, 32, 33, 63, 255, 256, 257, 300, 513})
        for (const int group : {1, 2, 3, 12}) check_case(Case(random, keys, group, 16, 8));
}

TEST("attention: every head size") {
    Random random(21);
    for (int head_size = 8; head_size <= 256; head_size += 8) check_case(Case(random, 45, 2, head_size, 7));
}

TEST("attention: all queries of a sequence") {
    Random random(22);
    check_case(Case(random, 96, 1, 32, 96));
    check_case(Case(random, 290, 3, 8, 290));
}

TEST("attention: a query far ahead of the others of its tile") {
    Random random(23);
    Case c(random, 700, 1, 24, 12);
    c.positions = {0, 1, 2, 3, 30, 31, 32, 255, 256, 511, 512, 699};
    check_case(c);
}
