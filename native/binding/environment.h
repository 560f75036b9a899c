// State of one JavaScript environment (the main thread or a worker thread). Nothing that belongs to an environment is global.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <vector>

namespace clmbr::binding {

class PromiseWorker;

// What JavaScript and the threads of one piece of work share.
struct JobState {
    std::atomic<bool> cancelled{false};
    std::atomic<uint64_t> bytes{0};
};

struct Environment {
    // Settles the promise of work whose thread is done, on the JavaScript thread, and frees it.
    static void on_done(Napi::Env env, Napi::Function, Environment * environment, PromiseWorker * worker);
    // Typed, because a report then needs no memory: there is nobody to tell when it runs out.
    using Completions = Napi::TypedThreadSafeFunction<Environment, PromiseWorker, on_done>;

    Napi::FunctionReference job_class;
    Napi::FunctionReference model_class;
    Napi::FunctionReference generation_class;

    static Environment & create(Napi::Env env);
    static Environment & of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
    ~Environment();

    // Makes room for another add(), which cannot fail then. Work under way keeps the event loop alive.
    void reserve();
    void add(std::unique_ptr<PromiseWorker> worker);
    void complete(PromiseWorker * worker);

    // Where threads report that they are done.
    const Completions & completions() const { return completions_; }

    // Cancels everything under way and waits until its threads have ended, which takes milliseconds. Promises stay as they are.
    void stop();

private:
    std::vector<std::unique_ptr<PromiseWorker>> workers_;
    Completions completions_;
    Napi::Env env_ = nullptr;
};

}  // namespace clmbr::binding
