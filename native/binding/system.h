#pragma once

#include <napi.h>

namespace clmbr::binding {

// `system()`: what this addon was built from and what this processor has; `stop()`.
void define_system(Napi::Env env, Napi::Object exports);

}  // namespace clmbr::binding
