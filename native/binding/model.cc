#include "model.h"

#include "arguments.h"
#include "generation.h"
#include "job.h"
#include "promise_worker.h"
#include "type_tags.h"

#include "../engine/error.h"

namespace clmbr::binding {
namespace {

class LoadWorker : public PromiseWorker {
public:
    LoadWorker(Napi::Env env, LoadArguments arguments, std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)), arguments_(std::move(arguments)) {}

protected:
    void execute() override {
        const kernels::Kernels * kernels = kernels::select_kernels(arguments_.kernels.c_str());
        if (kernels == nullptr)
            throw Error("DEVICE_UNAVAILABLE", "This processor has no kernels named '" + arguments_.kernels + "' (CLMBR_CPU).");
        check_description(arguments_.description);
        auto pool = std::make_shared<ThreadPool>(arguments_.threads);
        auto weights = Weights::shared(arguments_.description, *pool, job().cancelled, [this](uint64_t bytes) { job().bytes += bytes; });
        executor_ = std::make_shared<Executor>(std::move(weights), std::move(pool), *kernels);
    }
    Napi::Value result(Napi::Env env) override { return Model::create(env, std::move(executor_)); }

private:
    LoadArguments arguments_;
    std::shared_ptr<Executor> executor_;
};

class RunWorker : public PromiseWorker {
public:
    RunWorker(Napi::Env env, std::shared_ptr<Executor> executor, BatchArguments arguments, std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)), executor_(std::move(executor)), arguments_(std::move(arguments)) {}

protected:
    void execute() override { executor_->run(arguments_.batch, job().cancelled); }

private:
    std::shared_ptr<Executor> executor_;
    BatchArguments arguments_;
};

}  // namespace

void Model::define(Napi::Env env, Environment & environment, Napi::Object exports) {
    Napi::Function type = DefineClass(env, "Model",
                                      {StaticMethod<&Model::load>("load"), InstanceMethod<&Model::run>("run"),
                                       InstanceMethod<&Model::prefill>("prefill"), InstanceMethod<&Model::step>("step"),
                                       InstanceMethod<&Model::dispose>("dispose"), InstanceAccessor<&Model::info>("info")});
    environment.model_class = Napi::Persistent(type);
    exports.Set("Model", type);
}

Model::Model(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Model>(info) {
    // Only create() makes a model: it passes the executor.
    if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Models are made by Model.load().");
    executor_ = *info[0].As<Napi::External<std::shared_ptr<Executor>>>().Data();
    Value().TypeTag(&kModelTag);
}

Napi::Object Model::create(Napi::Env env, std::shared_ptr<Executor> executor) {
    return Environment::of(env).model_class.New({Napi::External<std::shared_ptr<Executor>>::New(env, &executor)});
}

Napi::Value Model::load(const Napi::CallbackInfo & info) {
    LoadArguments arguments = read_load_arguments(info[0]);
    return PromiseWorker::start(std::make_unique<LoadWorker>(info.Env(), std::move(arguments), Job::state_of(info[1])));
}

Napi::Value Model::run(const Napi::CallbackInfo & info) {
    if (!executor_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    BatchArguments arguments = read_batch_arguments(info[0], executor_->weights().hyperparameters());
    return PromiseWorker::start(std::make_unique<RunWorker>(info.Env(), executor_, std::move(arguments), Job::state_of(info[1])));
}

Napi::Value Model::prefill(const Napi::CallbackInfo & info) {
    if (!executor_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    return start_prefill(info.Env(), executor_, info[0], Job::state_of(info[1]));
}

Napi::Value Model::step(const Napi::CallbackInfo & info) {
    if (!executor_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    return start_step(info.Env(), executor_, info[0], Job::state_of(info[1]));
}

Napi::Value Model::dispose(const Napi::CallbackInfo & info) {
    executor_.reset();
    return info.Env().Undefined();
}

Napi::Value Model::info(const Napi::CallbackInfo & info) {
    if (!executor_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("kernels", executor_->kernels().name);
    result.Set("threads", executor_->threads());
    result.Set("weightBytes", static_cast<double>(executor_->weights().bytes()));
    return result;
}

}  // namespace clmbr::binding
