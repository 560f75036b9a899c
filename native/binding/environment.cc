#include "environment.h"

#include <algorithm>

namespace clmbr::binding {

Environment & Environment::create(Napi::Env env) {
    auto * environment = new Environment;
    // Freed with the environment, after its finalizers.
    env.SetInstanceData<Environment>(environment);
    // A worker thread that is terminated waits for its native work: make that wait short.
    env.AddCleanupHook([](Environment * e) { e->cancel_all(); }, environment);
    return *environment;
}

void Environment::watch(const std::shared_ptr<JobState> & job) {
    jobs_.erase(std::remove_if(jobs_.begin(), jobs_.end(), [](const auto & j) { return j.expired(); }), jobs_.end());
    jobs_.push_back(job);
}

void Environment::cancel_all() {
    for (const auto & weak : jobs_)
        if (const auto job = weak.lock()) job->cancelled = true;
}

}  // namespace clmbr::binding
