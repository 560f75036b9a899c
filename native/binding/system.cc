#include "system.h"

#include "../engine/device/backends.h"
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
    Napi::Array backends = Napi::Array::New(info.Env());
    for (const std::string & name : compiled_backends()) backends.Set(backends.Length(), name);
    result.Set("backends", backends);
    Napi::Array devices = Napi::Array::New(info.Env());
    for (const DeviceInfo & device : list_devices()) {
        Napi::Object entry = Napi::Object::New(info.Env());
        entry.Set("name", device.name);
        entry.Set("backend", device.backend);
        entry.Set("description", device.description);
        entry.Set("memoryFree", static_cast<double>(device.memory_free));
        entry.Set("memoryTotal", static_cast<double>(device.memory_total));
        devices.Set(devices.Length(), entry);
    }
    result.Set("devices", devices);
    return result;
}

Napi::Value stop(const Napi::CallbackInfo & info) {
    Environment::of(info.Env()).stop();
    return info.Env().Undefined();
}

}  // namespace

void define_system(Napi::Env env, Napi::Object exports) {
    exports.Set("system", Napi::Function::New(env, system_info, "system"));
    exports.Set("stop", Napi::Function::New(env, stop, "stop"));
}

}  // namespace clmbr::binding
