#include "environment.h"

#include <algorithm>

#include "promise_worker.h"

namespace clmbr::binding {

Environment::~Environment() = default;

Environment & Environment::create(Napi::Env env) {
    auto * environment = new Environment;
    environment->env_ = env;
    // Freed with the environment, after its finalizers.
    env.SetInstanceData<Environment>(environment);
    environment->completions_ =
        Completions::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo &) {}), "clmbr", 0, 1, environment);
    environment->completions_.Unref(env);
    // Hooks run last in, first out: threads end while they can still report.
    env.AddCleanupHook([](Environment * e) { e->stop(); }, environment);
    return *environment;
}

void Environment::on_done(Napi::Env env, Napi::Function, Environment * environment, PromiseWorker * worker) {
    // Without an environment, which is on its way out: stop() has taken care of the worker.
    if (env != nullptr) environment->complete(worker);
}

void Environment::reserve() { workers_.reserve(workers_.size() + 1); }

void Environment::add(std::unique_ptr<PromiseWorker> worker) {
    if (workers_.empty()) completions_.Ref(env_);
    workers_.push_back(std::move(worker));
}

void Environment::complete(PromiseWorker * worker) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const auto & other) { return other.get() == worker; });
    if (found == workers_.end()) return;  // stop() was faster
    const std::unique_ptr<PromiseWorker> done = std::move(*found);
    workers_.erase(found);
    if (workers_.empty()) completions_.Unref(env_);
    done->finish_thread();
    done->settle();
}

void Environment::stop() {
    for (const auto & worker : workers_) worker->job_->cancelled = true;
    for (const auto & worker : workers_) worker->finish_thread();
    workers_.clear();
}

}  // namespace clmbr::binding
