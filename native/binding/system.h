#pragma once

#include <napi.h>

namespace clmbr::binding {

// Keeps ggml from forking a debugger in the host process and from writing to its output.
void install_ggml_callbacks();

// `system()`: what this addon was built from and what this processor has; `stop()`.
void define_system(Napi::Env env, Napi::Object exports);

}  // namespace clmbr::binding
