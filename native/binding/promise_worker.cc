#include "promise_worker.h"

#include <new>
#include <system_error>

#include "../engine/error.h"
#include "../engine/faults.h"

namespace clmbr::binding {

PromiseWorker::PromiseWorker(Napi::Env env, std::shared_ptr<JobState> job) : env_(env), job_(std::move(job)) {}

Napi::Promise PromiseWorker::start(std::unique_ptr<PromiseWorker> worker) {
    PromiseWorker * running = worker.get();
    const Napi::Env env = running->env_;
    Environment & environment = Environment::of(env);
    environment.reserve();
    running->deferred_.emplace(Napi::Promise::Deferred::New(env));
    const Napi::Promise promise = running->deferred_->Promise();
    environment.add(std::move(worker));
    try {
        faults::before_thread_start();
        running->thread_ = std::thread([running, &environment] { running->run(environment.completions()); });
    } catch (const std::system_error &) {
        running->fail("OUT_OF_MEMORY", "Could not start a thread.");
        environment.complete(running);
    } catch (const std::bad_alloc &) {
        running->fail("OUT_OF_MEMORY", "");
        environment.complete(running);
    }
    return promise;
}

void PromiseWorker::run(const Environment::Completions & done) {
    try {
        execute();
    } catch (const Error & error) {
        fail(error.code(), error.what());
    } catch (const std::bad_alloc &) {
        fail("OUT_OF_MEMORY", "");
    } catch (const std::exception & error) {
        fail("INTERNAL", error.what());
    }
    done.NonBlockingCall(this);
}

// Keeps the code where there is no memory for the words.
void PromiseWorker::fail(const char * code, const char * message) noexcept {
    code_ = code;
    try {
        message_ = message;
    } catch (const std::bad_alloc &) {
        message_.clear();
    }
}

void PromiseWorker::settle() {
    Napi::HandleScope scope(env_);
    try {
        if (code_ == nullptr) return deferred_->Resolve(result(env_));
        reject(code_, message_);
    } catch (const Napi::Error & error) {
        deferred_->Reject(error.Value());
    } catch (const std::bad_alloc &) {
        reject("OUT_OF_MEMORY", "");
    }
}

void PromiseWorker::reject(const char * code, const std::string & message) {
    const Napi::Error error = Napi::Error::New(env_, message.empty() ? "Memory ran out." : message.c_str());
    error.Value().Set("code", Napi::String::New(env_, code));
    deferred_->Reject(error.Value());
}

void PromiseWorker::finish_thread() {
    if (thread_.joinable()) thread_.join();
}

}  // namespace clmbr::binding
