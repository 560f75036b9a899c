#include "system.h"

#include <ggml.h>

#include <cstdio>

#include "../kernels/cpu_features.h"
#include "../kernels/kernels.h"
#include "environment.h"

namespace clmbr::binding {
namespace {

Napi::Value system_info(const Napi::CallbackInfo & info) {
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("ggml", CLMBR_GGML_VERSION);
    Napi::Array paths = Napi::Array::New(info.Env());
    for (const char * name : {"avx512", "avx2", "neon", "scalar"})
        if (kernels::select_kernels(name) != nullptr) paths.Set(paths.Length(), name);
    result.Set("kernels", paths);
    return result;
}

Napi::Value stop(const Napi::CallbackInfo & info) {
    Environment::of(info.Env()).stop();
    return info.Env().Undefined();
}

}  // namespace

void install_ggml_callbacks() {
    // With a callback set, a failed assertion no longer forks a debugger before it aborts. See ggml_preconditions.h for
    // why none can fail.
    ggml_set_abort_callback([](const char * message) { std::fprintf(stderr, "clmbr: ggml stopped: %s\n", message); });
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
}

void define_system(Napi::Env env, Napi::Object exports) {
    exports.Set("system", Napi::Function::New(env, system_info, "system"));
    exports.Set("stop", Napi::Function::New(env, stop, "stop"));
}

}  // namespace clmbr::binding
