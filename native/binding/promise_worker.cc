#include "promise_worker.h"

#include <new>
#include <system_error>

#include "../engine/error.h"

namespace clmbr::binding {

PromiseWorker::PromiseWorker(Napi::Env env, std::shared_ptr<JobState> job)
    : env_(env), job_(std::move(job)), deferred_(Napi::Promise::Deferred::New(env)) {}

Napi::Promise PromiseWorker::start(std::unique_ptr<PromiseWorker> worker) {
    PromiseWorker * running = worker.get();
    const Napi::Env env = running->env_;
    Environment & environment = Environment::of(env);
    const Napi::Promise promise = running->deferred_.Promise();
    environment.add(std::move(worker));
    try {
        running->thread_ = std::thread([running, done = environment.completions()] { running->run(done); });
    } catch (const std::system_error & error) {
        running->code_ = "OUT_OF_MEMORY";
        running->message_ = std::string("Could not start a thread: ") + error.what() + ".";
        environment.complete(running);
    }
    return promise;
}

void PromiseWorker::run(const Napi::ThreadSafeFunction & done) {
    try {
        execute();
    } catch (const Error & error) {
        code_ = error.code();
        message_ = error.what();
    } catch (const std::bad_alloc &) {
        code_ = "OUT_OF_MEMORY";
        message_ = "Memory ran out.";
    } catch (const std::exception & error) {
        code_ = "INTERNAL";
        message_ = error.what();
    }
    done.NonBlockingCall(this, [](Napi::Env env, Napi::Function, PromiseWorker * worker) { Environment::of(env).complete(worker); });
}

void PromiseWorker::settle() {
    Napi::HandleScope scope(env_);
    try {
        if (code_ == nullptr) return deferred_.Resolve(result(env_));
        Napi::Error error = Napi::Error::New(env_, message_);
        error.Value().Set("code", Napi::String::New(env_, code_));
        deferred_.Reject(error.Value());
    } catch (const Napi::Error & error) {
        deferred_.Reject(error.Value());
    }
}

void PromiseWorker::finish_thread() {
    if (thread_.joinable()) thread_.join();
}

}  // namespace clmbr::binding
