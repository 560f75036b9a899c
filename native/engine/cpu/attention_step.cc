// Attention of generation: many samples, one new event each. Keys of a shared history are read once for all of its samples, in blocks
// that begin at multiples of kKeyBlock; what follows is each sample's own. The additions come in the same order as in a whole pass.
#include <cmath>
#include <cstring>

#include "linear.h"
#include "operators.h"

namespace clmbr::cpu {
namespace {

using kernels::AttentionTask;
using kernels::kKeyBlock;

struct Step {
    const Workspace & w;
    const Hyperparameters & h;
    int layer;
    float * queries;
    int group;

    Step(const Workspace & workspace, int index, float * q)
        : w(workspace), h(w.hyperparameters()), layer(index), queries(q), group(h.head_count / h.kv_head_count) {}

    const Continuation & sample(int row) const { return *(*w.continuations)[static_cast<size_t>(row)]; }
    int rows() const { return static_cast<int>(w.continuations->size()); }

    float * query(int row, int head) const {
        return queries + static_cast<size_t>(row) * w.query_stride() + static_cast<size_t>(head * group) * static_cast<size_t>(h.head_size);
    }

    // Keys that all samples of a history have in common, in whole blocks.
    int common(int row) const { return sample(row).history->shared() / kKeyBlock * kKeyBlock; }

    AttentionTask::State state(int row, int head) const {
        const size_t all = static_cast<size_t>(rows() * group), at = static_cast<size_t>(row * group);
        const size_t columns = kernels::head_panels(static_cast<size_t>(h.head_size)) * kPanelWidth;
        float * base = w.attention_state + attention_state_floats(static_cast<size_t>(rows()), h) * static_cast<size_t>(head);
        return {base + at * columns, base + all * columns + at, base + all * (columns + 1) + at};
    }

    AttentionTask task(int row, int count, int head, int worker) const {
        const Continuation & c = sample(row);
        AttentionTask t;
        t.queries = t.out = query(row, head);
        t.query_stride = t.out_stride = w.query_stride();
        t.positions = w.layout->positions.data() + row;
        t.query_count = count;
        t.group = group;
        t.head_size = h.head_size;
        t.keys = c.history->store.keys(layer, head);
        t.values = c.history->store.values(layer, head);
        t.padded_keys = c.history->store.padded();
        t.shared_keys = c.history->shared();
        t.own_keys = c.store.keys(layer, head);
        t.own_values = c.store.values(layer, head);
        t.own_padded_keys = c.store.padded();
        t.scale = 1.0f / std::sqrt(static_cast<float>(h.head_size));
        t.state = state(row, head);
        t.scratch = w.scratch_of(worker);
        return t;
    }
};

// Rotates the new keys and queries and appends keys and values.
void append(const Step & s, const float * keys_values) {
    const Workspace & w = s.w;
    const size_t head_size = static_cast<size_t>(s.h.head_size), stride = w.key_value_stride();
    const auto task = [&](int row, int worker) {
        Continuation & c = *(*w.continuations)[static_cast<size_t>(row)];
        const int position = w.layout->positions[static_cast<size_t>(row)];
        const float * cosine = w.weights->rotation().cosine(position);
        const float * sine = w.weights->rotation().sine(position);
        float * key = w.scratch_of(worker);
        for (int head = 0; head < s.h.kv_head_count; head++) {
            const float * source = keys_values + static_cast<size_t>(row) * stride + static_cast<size_t>(head) * head_size;
            std::memcpy(key, source, head_size * sizeof(float));
            w.kernels->rotate(key, cosine, sine, s.h.head_size / 2);
            c.store.set(s.layer, head, position - c.history->shared(), key, source + stride / 2);
            for (int g = 0; g < s.group; g++)
                w.kernels->rotate(s.query(row, head) + static_cast<size_t>(g) * head_size, cosine, sine, s.h.head_size / 2);
        }
    };
    w.pool->run(s.rows(), task, *w.cancelled);
}

}  // namespace

void attend_step(const Workspace & w, int layer, float * queries, const float * keys_values) {
    const Step s(w, layer, queries);
    append(s, keys_values);
    const int heads = s.h.kv_head_count, most = queries_per_block(s.group);

    // Blocks of samples that share a history; cut further until every thread has work.
    for (int first = 0; first < s.rows();) {
        int last = first;
        while (last < s.rows() && s.sample(last).history == s.sample(first).history) last++;
        const int count = last - first, common = s.common(first);
        if (common > 0) {
            const int wanted = (2 * w.pool->threads() + heads - 1) / heads;
            const int block = std::clamp((count + wanted - 1) / wanted, 1, most);
            const int blocks = (count + block - 1) / block;
            const auto task = [&](int index, int worker) {
                const int row = first + index % blocks * block;
                AttentionTask t = s.task(row, std::min(block, last - row), index / blocks, worker);
                t.key_end = common;
                w.kernels->attention(t);
            };
            w.pool->run(heads * blocks, task, *w.cancelled);
        }
        first = last;
    }
    const auto task = [&](int index, int worker) {
        const int row = index / heads;
        AttentionTask t = s.task(row, 1, index % heads, worker);
        t.key_begin = s.common(row);
        w.kernels->attention(t);
    };
    w.pool->run(s.rows() * heads, task, *w.cancelled);
}

}  // namespace clmbr::cpu
