// Between ggml, which ends the process when memory or a device fails, and the rest of the engine, which throws.
//
// ggml_abort() calls a callback before it aborts, and a failed allocation is logged before its null pointer is used. Within a GgmlGuard,
// on its thread, both callbacks throw instead: the exception leaves through ggml's frames (compiled with unwind tables, see
// native/ggml.cmake). What ggml held in these frames is lost.
#pragma once

#include <ggml.h>

#include <string>

namespace clmbr {

class GgmlGuard {
public:
    GgmlGuard();
    ~GgmlGuard();
    GgmlGuard(const GgmlGuard &) = delete;
};

// What a failure inside a guard throws.
struct GgmlFailure {
    std::string message;
};

// Makes ggml call the two below, keeps it from forking a debugger in the host process, and from writing to its output.
void install_ggml_callbacks();

void on_ggml_abort(const char * message);
void on_ggml_log(ggml_log_level level, const char * text, void *);

}  // namespace clmbr
