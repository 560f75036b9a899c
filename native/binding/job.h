#pragma once

#include <napi.h>

#include "environment.h"

namespace clmbr::binding {

// A handle by which JavaScript cancels work and sees how far it is.
class Job : public Napi::ObjectWrap<Job> {
public:
    static void define(Napi::Env env, Environment & environment, Napi::Object exports);
    explicit Job(const Napi::CallbackInfo & info);

    // The state behind a Job object; throws TypeError for anything else.
    static std::shared_ptr<JobState> state_of(const Napi::Value & value);

private:
    Napi::Value cancel(const Napi::CallbackInfo & info);
    Napi::Value bytes(const Napi::CallbackInfo & info);

    std::shared_ptr<JobState> state_;
};

}  // namespace clmbr::binding
