// What ggml asserts on, and how each case is ruled out. A failed ggml assertion ends the process, so none may depend on what
// a user passes. The rest of the engine calls ggml through architecture/ and executor only.
//
// ggml_init                 memory comes from our Buffer (aligned to pages); its size is computed by graph_memory() from the
//                           number of tensors, with room to spare, so that "not enough space in the context's memory pool"
//                           cannot happen. One malloc of some hundred bytes remains (struct ggml_context), once a model: it is under a
//                           GgmlGuard, and ggml_abort() throws there.
// ggml_new_tensor_*         dimensions are ints >= 1 (check_hyperparameters, check_batch); no_alloc is set, so data is never
//                           taken from the pool. Tensors per graph are bounded by graph_tensors().
// ggml_custom_4d            fewer than GGML_MAX_SRC (10) arguments: ours have at most 3. n_tasks is 1.
// ggml_build_forward_expand the graph is created with graph_tensors() slots.
// ggml_threadpool_new       asked for one thread, which is the calling one: no thread is created, so none can fail. Two aligned mallocs
//                           of some hundred bytes remain, once a model, whose result is not looked at: what ggml logs when they fail
//                           throws under a GgmlGuard. Not on Windows, where nothing is logged: there a process that has no hundred
//                           bytes left at that moment ends.
// ggml_graph_plan           custom operators need no work memory: work_size is 0, and checked.
// ggml_graph_compute        n_threads is 1, the thread pool and plan are there; operators do not throw. It makes and drops a context of some
//                           hundred bytes each time (ggml_cpu_init): under a GgmlGuard as well.
// crash handler             ggml's terminate handler, which forks a debugger, is kept out at build time (ggml.cmake).
//
// The device graph (engine/device) uses more of ggml, and devices fail in ways that nobody can rule out. There the same holds for sizes:
// every dimension follows from checked hyper-parameters and lengths, the builder gives each operator what its constructor asserts, and
// ggml_backend_supports_op is asked before a graph is computed. What still fails inside of ggml leaves as an exception: ggml_guard.h.
// Not covered: small mallocs of ggml-alloc.c, and what ggml's own threads assert on (the CPU backend's, with more than one thread).
#pragma once

#include <cstddef>

namespace clmbr {

// Tensors and nodes that the graph of a model with `layers` layers has at most: 6 in a layer, views included, and 8 around them.
constexpr size_t graph_tensors(size_t layers) { return 8 * layers + 16; }

size_t graph_memory(size_t layers);

}  // namespace clmbr
