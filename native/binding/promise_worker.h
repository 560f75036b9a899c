// The base of all work off the event loop: runs on a thread of its own, settles a promise.
//
// Not libuv's pool: a pass takes seconds and would keep the host's file operations waiting, and an environment that ends waits for
// that pool's work before it lets anybody cancel it.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <thread>

#include "environment.h"

namespace clmbr::binding {

// Constructors of derived classes copy their inputs out of V8 and keep references to what must stay alive; execute() touches
// no Node-API; result() builds the value.
class PromiseWorker {
public:
    PromiseWorker(Napi::Env env, std::shared_ptr<JobState> job);
    virtual ~PromiseWorker() = default;
    PromiseWorker(const PromiseWorker &) = delete;

    // Starts the work and owns it from then on.
    static Napi::Promise start(std::unique_ptr<PromiseWorker> worker);

protected:
    virtual void execute() = 0;
    virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

    JobState & job() const { return *job_; }

private:
    friend struct Environment;

    void run(const Environment::Completions & done);
    void fail(const char * code, const char * message) noexcept;
    void settle();
    void reject(const char * code, const std::string & message);
    void finish_thread();

    Napi::Env env_;
    std::shared_ptr<JobState> job_;
    std::optional<Napi::Promise::Deferred> deferred_;  // there from start() on
    std::thread thread_;
    const char * code_ = nullptr;  // of a failure
    std::string message_;
};

}  // namespace clmbr::binding
