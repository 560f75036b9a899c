// State of one JavaScript environment (the main thread or a worker thread). Nothing that belongs to an environment is global.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <vector>

namespace clmbr::binding {

// What JavaScript and the threads of one piece of work share.
struct JobState {
    std::atomic<bool> cancelled{false};
    std::atomic<uint64_t> bytes{0};
};

struct Environment {
    Napi::FunctionReference job_class;
    Napi::FunctionReference model_class;

    static Environment & create(Napi::Env env);
    static Environment & of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

    // Remembers work that is under way, so that an environment that ends can cancel it.
    void watch(const std::shared_ptr<JobState> & job);
    void cancel_all();

private:
    std::vector<std::weak_ptr<JobState>> jobs_;
};

}  // namespace clmbr::binding
