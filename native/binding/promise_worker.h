// The base of all work off the event loop: runs on a thread of libuv's pool, settles a promise.
#pragma once

#include <napi.h>

#include <new>
#include <string>

#include "../engine/error.h"

namespace clmbr::binding {

// Constructors of derived classes copy their inputs out of V8 and keep references to what must stay alive; execute() touches
// no Node-API; result() builds the value.
class PromiseWorker : public Napi::AsyncWorker {
public:
    explicit PromiseWorker(Napi::Env env) : Napi::AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

    Napi::Promise start() {
        Napi::Promise promise = deferred_.Promise();
        Queue();
        return promise;
    }

protected:
    virtual void execute() = 0;
    virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

private:
    void Execute() final {
        try {
            execute();
        } catch (const Error & error) {
            code_ = error.code();
            SetError(error.what());
        } catch (const std::bad_alloc &) {
            code_ = "OUT_OF_MEMORY";
            SetError("Memory ran out.");
        } catch (const std::exception & error) {
            code_ = "INTERNAL";
            SetError(error.what());
        }
    }

    void OnOK() final {
        try {
            deferred_.Resolve(result(Env()));
        } catch (const Napi::Error & error) {
            deferred_.Reject(error.Value());
        }
    }

    void OnError(const Napi::Error & error) final {
        error.Value().Set("code", Napi::String::New(Env(), code_));
        deferred_.Reject(error.Value());
    }

    Napi::Promise::Deferred deferred_;
    const char * code_ = "INTERNAL";
};

}  // namespace clmbr::binding
