#include "operators.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/executor.h"
#include "engine/operator_times.h"

namespace clmbr {
namespace {

using Clock = std::chrono::steady_clock;
Clock::time_point last_end;
std::vector<double> node_seconds;  // of the nodes of the pass, in order

}  // namespace

void operator_done() {
    const Clock::time_point now = Clock::now();
    node_seconds.push_back(std::chrono::duration<double>(now - last_end).count());
    last_end = now;
}

namespace bench {
namespace {

Hyperparameters released_shape() {
    Hyperparameters h;
    h.context_length = 4096;
    h.hidden_size = 768;
    h.layer_count = 8;
    h.head_count = 12;
    h.kv_head_count = 4;
    h.head_size = 64;
    h.feed_forward_size = 2688;
    h.vocabulary_size = 39818;
    h.rms_norm_epsilon = 1e-6f;
    for (int i = 0; i < h.head_size / 2; i++) h.inverse_frequencies.push_back(static_cast<float>(std::pow(10000.0, -2.0 * i / h.head_size)));
    return h;
}

// Tensors that lie end to end in a file without content, which takes no room on the disk.
class EmptyModel {
public:
    EmptyModel() {
        ModelDescription & d = description;
        const Hyperparameters & h = d.hyperparameters = released_shape();
        const int width = h.hidden_size;
        add(Role::TokenEmbedding, -1, h.vocabulary_size, width);
        for (int layer = 0; layer < h.layer_count; layer++) {
            add(Role::AttentionNorm, layer, 1, width);
            add(Role::Query, layer, h.query_width(), width);
            add(Role::Key, layer, h.kv_width(), width);
            add(Role::Value, layer, h.kv_width(), width);
            add(Role::AttentionOutput, layer, width, h.query_width());
            add(Role::FeedForwardNorm, layer, 1, width);
            add(Role::Gate, layer, h.feed_forward_size, width);
            add(Role::Up, layer, h.feed_forward_size, width);
            add(Role::Down, layer, width, h.feed_forward_size);
        }
        add(Role::OutputNorm, -1, 1, width);
        add(Role::Output, -1, h.vocabulary_size, width);
        const auto now = std::chrono::system_clock::now().time_since_epoch().count();
        d.path = d.key = (std::filesystem::temp_directory_path() / ("clmbr-bench-" + std::to_string(now))).string();
        std::ofstream(d.path).put(0);
        std::filesystem::resize_file(d.path, d.file_size);
    }
    ~EmptyModel() { std::remove(description.path.c_str()); }

    ModelDescription description;

private:
    void add(Role role, int layer, int rows, int columns) {
        const uint64_t bytes = static_cast<uint64_t>(rows) * static_cast<uint64_t>(columns) * sizeof(float);
        description.tensors.push_back({"tensor " + std::to_string(description.tensors.size()), role, layer, kernels::WeightType::F32, rows, columns,
                                       description.file_size, bytes, 0});
        description.file_size += bytes;
    }
};

// What a pass with `last` pooling consists of, node by node; see build_llama_cpu(). The last layer reads one row.
std::vector<OperatorTime> nodes_of(const Hyperparameters & h, double n) {
    const double width = h.hidden_size, kv = 2.0 * h.kv_width(), attended = 4.0 * h.query_width();
    std::vector<OperatorTime> nodes{{"embedding", 0, 0}};
    for (int layer = 0; layer < h.layer_count; layer++) {
        const bool last = layer + 1 == h.layer_count;
        const double rows = last ? 1 : n, pairs = last ? n : n * (n + 1) / 2;
        // ggml orders the graph from its end: what attention takes first comes first.
        if (last) nodes.push_back({"rows of the last layer", 0, 0});
        nodes.push_back({"norm, q", 0, 2 * rows * width * h.query_width()});
        nodes.push_back({"norm, k, v", 0, 2 * n * width * kv});
        nodes.push_back({"rotation, attention", 0, pairs * attended});
        nodes.push_back({"attention output", 0, 2 * rows * width * h.query_width()});
        nodes.push_back({"norm, feed-forward", 0, 6 * rows * width * h.feed_forward_size});
    }
    nodes.push_back({"last norm", 0, 0});
    return nodes;
}

}  // namespace

std::vector<OperatorTime> operator_times(const char * kernels, int length, int threads) {
    const kernels::Kernels * table = kernels::select_kernels(kernels);
    if (table == nullptr) return {};
    const EmptyModel model;
    const std::atomic<bool> cancelled{false};
    auto pool = std::make_shared<ThreadPool>(threads);
    Executor executor(Weights::shared(model.description, *pool, cancelled, {}), pool, *table);
    std::vector<float> row(static_cast<size_t>(model.description.hyperparameters.hidden_size));
    Batch batch;
    batch.tokens.assign(static_cast<size_t>(length), 7);
    batch.lengths = {length};
    batch.outputs.push_back({0, length, row.data(), nullptr});

    std::vector<OperatorTime> nodes;
    double best = 1e30;
    const int passes = length <= 512 ? 25 : 5;
    for (int pass = 0; pass < passes; pass++) {
        node_seconds.clear();
        last_end = Clock::now();
        executor.run(batch, cancelled);
        double total = 0;
        for (const double seconds : node_seconds) total += seconds;
        if (total >= best) continue;
        best = total;
        nodes = nodes_of(model.description.hyperparameters, length);
        if (nodes.size() != node_seconds.size()) return {};
        for (size_t i = 0; i < nodes.size(); i++) nodes[i].seconds = node_seconds[i];
    }
    std::vector<OperatorTime> sums;
    for (const OperatorTime & node : nodes) {
        auto sum = sums.begin();
        while (sum != sums.end() && sum->name != node.name) ++sum;
        if (sum == sums.end()) {
            sums.push_back(node);
        } else {
            sum->seconds += node.seconds;
            sum->operations += node.operations;
        }
    }
    return sums;
}

}  // namespace bench
}  // namespace clmbr
