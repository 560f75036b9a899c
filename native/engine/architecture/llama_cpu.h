// The Llama graph on the CPU: ggml holds it and walks it, its nodes are our operators.
#pragma once

#include "../cpu/workspace.h"

struct ggml_cgraph;
struct ggml_context;

namespace clmbr {

// Activations that live across operators.
struct LlamaActivations {
    float * x = nullptr;            // [tokens, hidden_size]
    float * queries = nullptr;      // [tokens, query stride]
    float * keys_values = nullptr;  // [tokens, key/value stride]
    float * rows = nullptr;         // [rows of the pass, hidden_size]; x itself when every row is asked for
    float * hidden = nullptr;       // [rows of the pass, hidden_size]: the result
};

void place_activations(const cpu::Workspace & workspace, LlamaActivations & activations, Arena & arena);

// What a node's operator is called with.
struct LlamaNode {
    const cpu::Workspace * workspace;
    int layer;
    bool every_row;
};

// Builds the graph in `context` (created with no_alloc). `nodes` must outlive it.
ggml_cgraph * build_llama_cpu(ggml_context * context, const cpu::Workspace & workspace, const LlamaActivations & activations,
                              std::vector<LlamaNode> & nodes);

}  // namespace clmbr
