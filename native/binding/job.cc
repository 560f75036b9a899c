#include "job.h"

#include "type_tags.h"

namespace clmbr::binding {

void Job::define(Napi::Env env, Environment & environment, Napi::Object exports) {
    Napi::Function type =
        DefineClass(env, "Job", {InstanceMethod<&Job::cancel>("cancel"), InstanceAccessor<&Job::bytes>("bytes")});
    environment.job_class = Napi::Persistent(type);
    exports.Set("Job", type);
}

Job::Job(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Job>(info), state_(std::make_shared<JobState>()) {
    Value().TypeTag(&kJobTag);
}

std::shared_ptr<JobState> Job::state_of(const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kJobTag))
        throw Napi::TypeError::New(value.Env(), "Expected a Job.");
    return Unwrap(value.As<Napi::Object>())->state_;
}

Napi::Value Job::cancel(const Napi::CallbackInfo & info) {
    state_->cancelled = true;
    return info.Env().Undefined();
}

Napi::Value Job::bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), static_cast<double>(state_->bytes.load()));
}

}  // namespace clmbr::binding
