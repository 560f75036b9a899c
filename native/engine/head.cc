#include "head.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "memory.h"

namespace clmbr {
namespace {

constexpr size_t kLogitRows = 192;
constexpr size_t kLogitBytes = 64u << 20;

// Rows of hidden states, copied to the stride that the kernels like, and their logits.
class LogitChunk {
public:
    // For at most `most` rows; with `own_logits` there is room for their logits too.
    LogitChunk(const HeadInput & input, bool own_logits, size_t most)
        : input_(input),
          width_(static_cast<size_t>(input.hyperparameters.hidden_size)),
          stride_(kernels::padded_stride(width_)),
          vocabulary_(static_cast<size_t>(input.hyperparameters.vocabulary_size)),
          capacity_(std::clamp<size_t>(std::min(most, kLogitBytes / (vocabulary_ * sizeof(float))), 1, kLogitRows)),
          targets_(capacity_) {
        Arena measure;
        place(measure, own_logits);
        if (measure.used() > input.memory.bytes()) {
            input.memory = Buffer();  // first, so that old and new are never held together
            input.memory = Buffer(measure.used(), "logits");
        }
        Arena arena(input.memory.data());
        place(arena, own_logits);
    }

    int capacity() const { return static_cast<int>(capacity_); }
    float * row(int i) const { return rows_ + static_cast<size_t>(i) * stride_; }
    float * logits(int i) const { return logits_ + static_cast<size_t>(i) * vocabulary_; }
    void set_target(int i, float * target) { targets_[static_cast<size_t>(i)] = target; }

    void compute(int count) { input_.logits(rows_, stride_, count, targets_.data()); }

private:
    void place(Arena & arena, bool own_logits) {
        rows_ = arena.take<float>(capacity_ * stride_);
        logits_ = own_logits ? arena.take<float>(capacity_ * vocabulary_) : nullptr;
    }

    const HeadInput & input_;
    size_t width_, stride_, vocabulary_, capacity_;
    float * rows_ = nullptr;
    float * logits_ = nullptr;
    std::vector<float *> targets_;
};

// The index among the rows of the pass of each token.
std::vector<int32_t> row_of_token(const BatchLayout & layout) {
    std::vector<int32_t> index(static_cast<size_t>(layout.tokens), -1);
    for (size_t i = 0; i < layout.rows.size(); i++) index[static_cast<size_t>(layout.rows[i])] = static_cast<int32_t>(i);
    return index;
}

// Running mean or maximum over the tokens of outputs that begin at the same token: prefixes of one timeline are pooled in one go.
class PrefixPool {
public:
    PrefixPool(Pooling pooling, size_t width) : pooling_(pooling), width_(width), sum_(pooling == Pooling::Mean ? width : 0), top_(width) {}

    // Where the next token to add lies, when pooling for an output that begins at `begin`.
    int start(int begin) {
        if (begin != begin_) {
            begin_ = next_ = begin;
            std::fill(sum_.begin(), sum_.end(), 0.0);
            std::fill(top_.begin(), top_.end(), -INFINITY);
        }
        return next_;
    }
    void add(const float * row) {
        next_++;
        if (pooling_ == Pooling::Mean)
            for (size_t i = 0; i < width_; i++) sum_[i] += static_cast<double>(row[i]);
        else
            for (size_t i = 0; i < width_; i++) top_[i] = row[i] > top_[i] || std::isnan(row[i]) ? row[i] : top_[i];
    }
    void write(float * out) const {
        const double count = next_ - begin_;
        for (size_t i = 0; i < width_; i++) out[i] = pooling_ == Pooling::Mean ? static_cast<float>(sum_[i] / count) : top_[i];
    }

private:
    Pooling pooling_;
    size_t width_;
    std::vector<double> sum_;
    std::vector<float> top_;
    int begin_ = -1, next_ = 0;
};

// Calls f(output, pooled hidden state) for each output in order; max of logits is not made this way.
template <class F>
void each_pooled(const HeadInput & input, const float * hidden, F f) {
    const size_t width = static_cast<size_t>(input.hyperparameters.hidden_size);
    const std::vector<int32_t> row = row_of_token(input.layout);
    const auto state = [&](int token) { return hidden + static_cast<size_t>(row[static_cast<size_t>(token)]) * width; };
    if (input.batch.pooling == Pooling::Last) {
        for (const Output & output : input.batch.outputs) f(output, state(output.end - 1));
        return;
    }
    PrefixPool pool(input.batch.pooling, width);
    std::vector<float> pooled(width);
    for (const Output & output : input.batch.outputs) {
        for (int token = pool.start(output.begin); token < output.end; token++) pool.add(state(token));
        pool.write(pooled.data());
        f(output, static_cast<const float *>(pooled.data()));
    }
}

void write_maximum_of_logits(const HeadInput & input, const float * hidden) {
    const size_t width = static_cast<size_t>(input.hyperparameters.hidden_size);
    const std::vector<int32_t> row = row_of_token(input.layout);
    LogitChunk chunk(input, true, row.size());
    PrefixPool pool(Pooling::Max, static_cast<size_t>(input.hyperparameters.vocabulary_size));
    for (const Output & output : input.batch.outputs) {
        for (int token = pool.start(output.begin); token < output.end;) {
            const int count = std::min(chunk.capacity(), output.end - token);
            for (int i = 0; i < count; i++) {
                std::memcpy(chunk.row(i), hidden + static_cast<size_t>(row[static_cast<size_t>(token + i)]) * width, width * sizeof(float));
                chunk.set_target(i, chunk.logits(i));
            }
            chunk.compute(count);
            for (int i = 0; i < count; i++) pool.add(chunk.logits(i));
            token += count;
            if (input.cancelled) return;
        }
        pool.write(output.values);
    }
}

// The most probable tokens, then the probabilities of sets of tokens, all as logarithms.
void write_next(const HeadInput & input, const float * logits, const Output & output, std::vector<int32_t> & order) {
    const int vocabulary = input.hyperparameters.vocabulary_size, top = input.batch.top;
    const float total = input.kernels.log_sum_exp(logits, vocabulary);
    std::iota(order.begin(), order.end(), 0);
    // Ties go to the lower id, so that the order is defined; NaN has none.
    const auto before = [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
    if (!std::isnan(total)) std::partial_sort(order.begin(), order.begin() + top, order.end(), before);
    for (int i = 0; i < top; i++) {
        output.ids[i] = order[static_cast<size_t>(i)];
        output.values[i] = logits[order[static_cast<size_t>(i)]] - total;
    }
    float * value = output.values + top;
    for (const std::vector<int32_t> & target : input.batch.targets) {
        double probability = 0;
        for (const int32_t id : target) probability += std::exp(static_cast<double>(logits[id] - total));
        *value++ = static_cast<float>(std::log(probability));
    }
}

void write_score(const HeadInput & input, const float * logits, const Output & output) {
    const int vocabulary = input.hyperparameters.vocabulary_size;
    const int32_t token = input.batch.tokens[static_cast<size_t>(output.end)];
    int32_t rank = 1, best = 0;
    for (int32_t id = 0; id < vocabulary; id++) {
        if (logits[id] > logits[token] || (logits[id] == logits[token] && id < token)) rank++;
        if (logits[id] > logits[best]) best = id;
    }
    output.values[0] = logits[token] - input.kernels.log_sum_exp(logits, vocabulary);
    output.ids[0] = rank;
    output.ids[1] = best;
}

// Logits of pooled hidden states: kept, or reduced to what was asked for.
void write_logits(const HeadInput & input, const float * hidden) {
    const Representation kind = input.batch.representation;
    const bool reduced = kind != Representation::Logits;
    const size_t width = static_cast<size_t>(input.hyperparameters.hidden_size);
    LogitChunk chunk(input, reduced, input.batch.outputs.size());
    std::vector<const Output *> waiting;
    std::vector<std::vector<int32_t>> orders(static_cast<size_t>(input.pool.threads()));
    if (kind == Representation::Next)
        for (auto & order : orders) order.resize(static_cast<size_t>(input.hyperparameters.vocabulary_size));
    const auto flush = [&] {
        if (waiting.empty()) return;
        chunk.compute(static_cast<int>(waiting.size()));
        const auto task = [&](int i, int worker) {
            const Output & output = *waiting[static_cast<size_t>(i)];
            if (kind == Representation::Next) write_next(input, chunk.logits(i), output, orders[static_cast<size_t>(worker)]);
            else write_score(input, chunk.logits(i), output);
        };
        if (reduced && !input.cancelled) input.pool.run(static_cast<int>(waiting.size()), task, input.cancelled);
        waiting.clear();
    };
    each_pooled(input, hidden, [&](const Output & output, const float * state) {
        const int i = static_cast<int>(waiting.size());
        std::memcpy(chunk.row(i), state, width * sizeof(float));
        chunk.set_target(i, reduced ? chunk.logits(i) : output.values);
        waiting.push_back(&output);
        if (i + 1 == chunk.capacity()) flush();
    });
    flush();
}

}  // namespace

void write_outputs(const HeadInput & input, const float * hidden) {
    if (input.batch.representation == Representation::Hidden) {
        const size_t bytes = static_cast<size_t>(input.hyperparameters.hidden_size) * sizeof(float);
        each_pooled(input, hidden, [&](const Output & output, const float * state) { std::memcpy(output.values, state, bytes); });
    } else if (input.batch.representation == Representation::Logits && input.batch.pooling == Pooling::Max) {
        write_maximum_of_logits(input, hidden);
    } else {
        write_logits(input, hidden);
    }
}

void each_logits(const HeadInput & input, const float * hidden, int rows, const std::function<void(int, const float *, int)> & f) {
    const size_t width = static_cast<size_t>(input.hyperparameters.hidden_size);
    LogitChunk chunk(input, true, static_cast<size_t>(rows));
    for (int first = 0; first < rows && !input.cancelled; first += chunk.capacity()) {
        const int count = std::min(chunk.capacity(), rows - first);
        for (int i = 0; i < count; i++) {
            std::memcpy(chunk.row(i), hidden + static_cast<size_t>(first + i) * width, width * sizeof(float));
            chunk.set_target(i, chunk.logits(i));
        }
        chunk.compute(count);
        const auto task = [&](int i, int worker) { f(first + i, chunk.logits(i), worker); };
        input.pool.run(count, task, input.cancelled);
    }
}

}  // namespace clmbr
