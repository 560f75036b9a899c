#include "executor.h"

#include <ggml-cpu.h>
#include <ggml.h>

#include "cpu/head_input.h"
#include "error.h"
#include "ggml_guard.h"
#include "ggml_preconditions.h"
#ifdef CLMBR_OPERATOR_TIMES
#include "operator_times.h"
#endif

namespace clmbr {
namespace {

// Memory of a pass is kept for the next one up to this size.
constexpr size_t kKeptBytes = size_t(512) << 20;

// ggml asks this after every node of the graph.
bool node_done(void * cancelled) {
#ifdef CLMBR_OPERATOR_TIMES
    operator_done();
#endif
    return static_cast<const std::atomic<bool> *>(cancelled)->load();
}

// ggml_graph_compute() asks for a context of some hundred bytes before it begins, and drops it.
ggml_status compute_graph(ggml_cgraph * graph, ggml_cplan & plan) {
    try {
        const GgmlGuard guard;
        return ggml_graph_compute(graph, &plan);
    } catch (const GgmlFailure & failure) {
        throw Error("OUT_OF_MEMORY", "Could not get memory for a pass: " + failure.message + ".");
    }
}

}  // namespace

Executor::Executor(std::shared_ptr<const Weights> weights, std::shared_ptr<ThreadPool> pool, const kernels::Kernels & kernels)
    : weights_(std::move(weights)),
      pool_(std::move(pool)),
      kernels_(kernels),
      graph_memory_(clmbr::graph_memory(static_cast<size_t>(weights_->hyperparameters().layer_count)), "the graph") {
    ggml_threadpool_params parameters = ggml_threadpool_params_default(1);
    const ggml_init_params memory = {graph_memory_.bytes(), graph_memory_.data(), /*no_alloc*/ true};
    try {
        const GgmlGuard guard;
        context_.reset(ggml_init(memory));
        graph_thread_.reset(ggml_threadpool_new(&parameters));
    } catch (const GgmlFailure &) {
    }
    if (context_ == nullptr || graph_thread_ == nullptr) throw Error("OUT_OF_MEMORY", "Could not get memory for the graph's thread.");
}

void Executor::FreeGgml::operator()(ggml_context * context) const { ggml_free(context); }
void Executor::FreeGgml::operator()(ggml_threadpool * pool) const { ggml_threadpool_free(pool); }

void Executor::run(const Batch & batch, const std::atomic<bool> & cancelled, const KeyValueStore * store) {
    const Hyperparameters & h = weights_->hyperparameters();
    check_batch(batch, h);
    const BatchLayout layout(batch);
    cpu::Workspace workspace;
    workspace.cancelled = &cancelled;
    workspace.batch = &batch;
    workspace.layout = &layout;
    workspace.store = store;
    workspace.all_blocks = cpu::attention_blocks(layout, h, true);
    if (!layout.all_rows()) workspace.last_blocks = cpu::attention_blocks(layout, h, false);
    compute(workspace, [](const cpu::Workspace & w, const float * hidden) { write_outputs(cpu::head_input(w), hidden); });
}

void Executor::run_step(const std::vector<int32_t> & tokens, const std::vector<Continuation *> & continuations,
                        const std::atomic<bool> & cancelled, const Finish & finish) {
    std::vector<int32_t> positions;
    for (const Continuation * c : continuations) {
        if (c->length >= c->limit || c->length >= weights_->hyperparameters().context_length)
            throw Error("INVALID_ARGUMENT", "Expected room for another event, found " + std::to_string(c->length) + " of " + std::to_string(c->limit) + ".");
        positions.push_back(c->length);
    }
    Batch batch;
    batch.tokens = tokens;
    batch.lengths.assign(tokens.size(), 1);
    check_batch(batch, weights_->hyperparameters());
    const BatchLayout layout(positions);
    cpu::Workspace workspace;
    workspace.cancelled = &cancelled;
    workspace.batch = &batch;
    workspace.layout = &layout;
    workspace.continuations = &continuations;
    compute(workspace, finish);
}

void Executor::compute(cpu::Workspace & workspace, const Finish & finish) {
    if (!pool_->usable())
        throw Error("DEVICE_UNAVAILABLE", "The model was loaded before this process was forked: load it again in the child process.");
    workspace.kernels = &kernels_;
    workspace.weights = weights_.get();
    workspace.pool = pool_.get();
    workspace.head_memory = &head_memory_;
    const std::atomic<bool> & cancelled = *workspace.cancelled;

    LlamaActivations activations;
    Arena measure;
    cpu::place_workspace(workspace, measure);
    place_activations(workspace, activations, measure);
    if (measure.used() > memory_.bytes()) {
        memory_ = Buffer();  // first, so that old and new are never held together
        memory_ = Buffer(measure.used(), "a batch of " + std::to_string(workspace.layout->tokens) + " tokens");
    }
    Arena arena(memory_.data());
    cpu::place_workspace(workspace, arena);
    place_activations(workspace, activations, arena);

    if (!workspace.layout->rows.empty()) {
        ggml_reset(context_.get());
        ggml_cgraph * graph = build_llama_cpu(context_.get(), workspace, activations, nodes_);
        ggml_cplan plan = ggml_graph_plan(graph, 1, graph_thread_.get());
        if (plan.work_size != 0) throw Error("INTERNAL", "Expected a graph without work memory.");
        plan.abort_callback = node_done;
        plan.abort_callback_data = const_cast<std::atomic<bool> *>(&cancelled);
        const ggml_status status = compute_graph(graph, plan);
        if (status == GGML_STATUS_SUCCESS && !cancelled) finish(workspace, activations.hidden);
        else if (status != GGML_STATUS_ABORTED && !cancelled) throw Error("INTERNAL", "The graph ended with status " + std::to_string(status) + ".");
    }
    if (memory_.bytes() > kKeptBytes) memory_ = Buffer();
    if (cancelled) throw Error("ABORTED", "The pass was cancelled.");
}

}  // namespace clmbr
