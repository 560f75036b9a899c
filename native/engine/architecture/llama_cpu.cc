#include "llama_cpu.h"

#include <ggml.h>

#include "../cpu/operators.h"
#include "../ggml_preconditions.h"

namespace clmbr {

size_t graph_memory(size_t layers) {
    const size_t tensors = graph_tensors(layers);
    return tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(tensors, false) + 4096;
}

namespace {

const float * source(const ggml_tensor * node, int index) { return static_cast<const float *>(node->src[index]->data); }
float * target(ggml_tensor * node) { return static_cast<float *>(node->data); }
int row_count(const ggml_tensor * tensor) { return static_cast<int>(tensor->ne[1]); }
const LlamaNode & self(void * data) { return *static_cast<const LlamaNode *>(data); }

void run_embed(ggml_tensor * node, int, int, void * data) { cpu::embed_tokens(*self(data).workspace, target(node)); }

void run_gather(ggml_tensor * node, int, int, void * data) { cpu::gather_rows(*self(data).workspace, source(node, 0), target(node)); }

void run_queries(ggml_tensor * node, int, int, void * data) {
    cpu::attention_input(*self(data).workspace, self(data).layer, source(node, 0), row_count(node->src[0]), target(node), nullptr);
}

void run_keys_values(ggml_tensor * node, int, int, void * data) {
    cpu::attention_input(*self(data).workspace, self(data).layer, source(node, 0), row_count(node->src[0]), nullptr, target(node));
}

void run_attend(ggml_tensor * node, int, int, void * data) {
    const LlamaNode & n = self(data);
    if (n.workspace->continuations != nullptr) cpu::attend_step(*n.workspace, n.layer, target(node), source(node, 1));
    else cpu::attend(*n.workspace, n.layer, target(node), source(node, 1), n.every_row);
}

void run_attention_output(ggml_tensor * node, int, int, void * data) {
    cpu::attention_output(*self(data).workspace, self(data).layer, source(node, 1), row_count(node), target(node));
}

void run_feed_forward(ggml_tensor * node, int, int, void * data) {
    cpu::feed_forward(*self(data).workspace, self(data).layer, row_count(node), target(node));
}

void run_output_norm(ggml_tensor * node, int, int, void * data) {
    cpu::output_norm(*self(data).workspace, source(node, 0), row_count(node), target(node));
}

// Adds nodes whose memory is ours.
class Builder {
public:
    Builder(ggml_context * context, const cpu::Workspace & workspace, std::vector<LlamaNode> & nodes)
        : context_(context), workspace_(workspace), nodes_(nodes) {
        nodes_.clear();
        nodes_.reserve(graph_tensors(static_cast<size_t>(workspace.hyperparameters().layer_count)));
    }

    ggml_tensor * node(ggml_custom_op_t run, int layer, bool every_row, float * data, size_t columns, int rows,
                       std::initializer_list<ggml_tensor *> sources) {
        std::vector<ggml_tensor *> arguments(sources);
        ggml_tensor * tensor = ggml_custom_4d(context_, GGML_TYPE_F32, static_cast<int64_t>(columns), rows, 1, 1, arguments.data(),
                                              static_cast<int>(arguments.size()), run, 1, parameters(layer, every_row));
        tensor->data = data;
        return tensor;
    }

    // The node overwrites its first source.
    ggml_tensor * in_place(ggml_custom_op_t run, int layer, bool every_row, ggml_tensor * changed,
                           std::initializer_list<ggml_tensor *> others) {
        std::vector<ggml_tensor *> arguments(others);
        return ggml_custom_inplace(context_, changed, arguments.data(), static_cast<int>(arguments.size()), run, 1,
                                   parameters(layer, every_row));
    }

private:
    LlamaNode * parameters(int layer, bool every_row) {
        nodes_.push_back({&workspace_, layer, every_row});
        return &nodes_.back();
    }

    ggml_context * context_;
    const cpu::Workspace & workspace_;
    std::vector<LlamaNode> & nodes_;
};

}  // namespace

void place_activations(const cpu::Workspace & w, LlamaActivations & a, Arena & arena) {
    const size_t tokens = static_cast<size_t>(w.layout->tokens), rows = w.layout->rows.size();
    const size_t width = static_cast<size_t>(w.hyperparameters().hidden_size);
    a.x = arena.take<float>(tokens * width);
    a.queries = arena.take<float>(tokens * w.query_stride());
    a.keys_values = arena.take<float>(tokens * w.key_value_stride());
    a.rows = w.layout->all_rows() ? a.x : arena.take<float>(rows * width);
    a.hidden = arena.take<float>(rows * width);
}

ggml_cgraph * build_llama_cpu(ggml_context * context, const cpu::Workspace & w, const LlamaActivations & a, std::vector<LlamaNode> & nodes) {
    const Hyperparameters & h = w.hyperparameters();
    const size_t width = static_cast<size_t>(h.hidden_size);
    const int tokens = w.layout->tokens, rows = static_cast<int>(w.layout->rows.size());
    Builder b(context, w, nodes);

    ggml_tensor * x = b.node(run_embed, -1, true, a.x, width, tokens, {});
    for (int layer = 0; layer < h.layer_count; layer++) {
        // The last layer needs keys and values of every token, all else only for the rows that are read.
        const bool every_row = layer + 1 < h.layer_count || w.layout->all_rows();
        ggml_tensor * keys_values = b.node(run_keys_values, layer, true, a.keys_values, w.key_value_stride(), tokens, {x});
        if (!every_row) x = b.node(run_gather, layer, false, a.rows, width, rows, {x});
        ggml_tensor * queries = b.node(run_queries, layer, every_row, a.queries, w.query_stride(), every_row ? tokens : rows, {x});
        ggml_tensor * attended = b.in_place(run_attend, layer, every_row, queries, {keys_values});
        x = b.in_place(run_attention_output, layer, every_row, x, {attended});
        x = b.in_place(run_feed_forward, layer, every_row, x, {});
    }
    ggml_tensor * hidden = b.node(run_output_norm, -1, false, a.hidden, width, rows, {x});

    ggml_cgraph * graph = ggml_new_graph_custom(context, graph_tensors(static_cast<size_t>(h.layer_count)), false);
    ggml_build_forward_expand(graph, hidden);
    return graph;
}

}  // namespace clmbr
