#include "graph.h"

#include <algorithm>

namespace clmbr {

bool GraphMemory::place(ggml_cgraph * graph) {
    if (allocator_ == nullptr) allocator_ = ggml_gallocr_new(device_.buffer_type());
    if (allocator_ == nullptr) return false;
    size_t needed = 0;
    ggml_gallocr_reserve_n_size(allocator_, graph, nullptr, nullptr, &needed);
    if (needed > held_) {
        // What is queued still uses the memory that is about to be given back.
        ggml_backend_synchronize(device_.backend());
        release();
        if (!device_.has_room(needed)) return false;
        allocator_ = ggml_gallocr_new(device_.buffer_type());
    }
    if (allocator_ == nullptr || !ggml_gallocr_reserve(allocator_, graph) || !ggml_gallocr_alloc_graph(allocator_, graph)) {
        release();
        return false;
    }
    held_ = std::max(held_, ggml_gallocr_get_buffer_size(allocator_, 0));
    return true;
}

void GraphMemory::release() {
    if (allocator_ != nullptr) device_.state()->free([allocator = allocator_] { ggml_gallocr_free(allocator); });
    allocator_ = nullptr;
    held_ = 0;
}

}  // namespace clmbr
