// What the addon with faults (clmbr_faults) has besides the addon: `faults.arm(kind, index)`, `faults.disarm()`, `faults.held()`.
#include "faults_addon.h"

#include "../faults.h"

namespace clmbr::test {
namespace {

Fault fault_named(const std::string & name) {
    if (name == "buffer") return Fault::Buffer;
    if (name == "thread") return Fault::Thread;
    if (name == "heap") return Fault::Heap;
    return Fault::Read;
}

Napi::Value arm_fault(const Napi::CallbackInfo & info) {
    // Nothing may be asked for between arming and the end of this call, but by those who are to fail.
    const Fault kind = fault_named(info[0].As<Napi::String>());
    arm(kind, info[1].As<Napi::Number>().Int64Value());
    return {};
}

Napi::Value disarm_fault(const Napi::CallbackInfo & info) { return Napi::Boolean::New(info.Env(), disarm()); }

Napi::Value held(const Napi::CallbackInfo & info) {
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("bufferBytes", static_cast<double>(buffer_bytes()));
    result.Set("heapBlocks", static_cast<double>(heap_blocks()));
    return result;
}

}  // namespace

void define_faults(Napi::Env env, Napi::Object exports) {
    Napi::Object faults = Napi::Object::New(env);
    faults.Set("arm", Napi::Function::New<arm_fault>(env));
    faults.Set("disarm", Napi::Function::New<disarm_fault>(env));
    faults.Set("held", Napi::Function::New<held>(env));
    exports.Set("faults", faults);
}

}  // namespace clmbr::test
