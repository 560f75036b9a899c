#pragma once

#include <napi.h>

#include <memory>

#include "../engine/engine.h"
#include "environment.h"
#include "turn.h"

namespace clmbr::binding {

// A loaded model: `Model.load(description, job)`, `run(batch, job)`, `prefill(request, job)`, `step(request, job)`, `dispose()`, `info`.
class Model : public Napi::ObjectWrap<Model> {
public:
    static void define(Napi::Env env, Environment & environment, Napi::Object exports);
    explicit Model(const Napi::CallbackInfo & info);

    // Wraps an engine; called on the JavaScript thread.
    static Napi::Object create(Napi::Env env, std::shared_ptr<Engine> engine);

private:
    static Napi::Value load(const Napi::CallbackInfo & info);
    Napi::Value run(const Napi::CallbackInfo & info);
    Napi::Value prefill(const Napi::CallbackInfo & info);
    Napi::Value step(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value info(const Napi::CallbackInfo & info);

    // Work under way holds the engine too, so disposing never frees what a thread is using.
    std::shared_ptr<Engine> engine_;
    // Batches that run or wait.
    std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
};

}  // namespace clmbr::binding
