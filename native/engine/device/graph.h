// A graph of ggml whose description lives in memory of ours.
#pragma once

#include <ggml.h>

#include <memory>

#include "../memory.h"
#include "device.h"

namespace clmbr {

struct FreeContext {
    void operator()(ggml_context * context) const { ggml_free(context); }
};

// A context for `tensors` tensors without data, and one graph of as many nodes if asked for.
class TensorContext {
public:
    explicit TensorContext(size_t tensors, bool with_graph = false)
        : memory_((tensors + 8) * ggml_tensor_overhead() + (with_graph ? ggml_graph_overhead_custom(tensors, false) : 0) + 4096, "the graph"),
          context_(ggml_init({memory_.bytes(), memory_.data(), /*no_alloc*/ true})) {}

    ggml_context * get() const { return context_.get(); }

private:
    Buffer memory_;
    std::unique_ptr<ggml_context, FreeContext> context_;
};

// Memory of the activations of graphs, reused from one to the next.
class GraphMemory {
public:
    explicit GraphMemory(Device & device) : device_(device) {}
    ~GraphMemory() { release(); }
    GraphMemory(const GraphMemory &) = delete;

    // Gives every tensor of the graph its place. False when the device has not enough memory: nothing is held then.
    bool place(ggml_cgraph * graph);
    void release();

private:
    Device & device_;
    ggml_gallocr_t allocator_ = nullptr;
    size_t held_ = 0;
};

}  // namespace clmbr
