#include "model.h"

#include "arguments.h"
#include "generation.h"
#include "job.h"
#include "promise_worker.h"
#include "type_tags.h"

#include "../engine/cpu_engine.h"
#include "../engine/device/device_engine.h"
#include "../engine/error.h"

namespace clmbr::binding {
namespace {

class LoadWorker : public PromiseWorker {
public:
    LoadWorker(Napi::Env env, LoadArguments arguments, std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)), arguments_(std::move(arguments)) {}

protected:
    void execute() override {
        const kernels::Kernels * kernels = kernels::select_kernels(arguments_.kernels.c_str(), arguments_.description.compute == Compute::Int8);
        if (kernels == nullptr)
            throw Error("DEVICE_UNAVAILABLE", "This processor has no kernels named '" + arguments_.kernels + "' (CLMBR_CPU).");
        check_description(arguments_.description);
        auto pool = std::make_shared<ThreadPool>(arguments_.threads);
        const auto progress = [this](uint64_t bytes) { job().bytes += bytes; };
        if (arguments_.device.device == "cpu") {
            auto weights = Weights::shared(arguments_.description, *pool, job().cancelled, progress);
            engine_ = std::make_shared<CpuEngine>(std::move(weights), std::move(pool), *kernels);
        } else {
            if (arguments_.description.compute != Compute::F32)
                throw Error("INVALID_ARGUMENT", "The device " + arguments_.device.device + " does not compute in int8: only 'cpu' does.");
            engine_ = std::make_shared<DeviceEngine>(arguments_.description, arguments_.device, std::move(pool), *kernels, job().cancelled, progress);
        }
    }
    Napi::Value result(Napi::Env env) override { return Model::create(env, std::move(engine_)); }

private:
    LoadArguments arguments_;
    std::shared_ptr<Engine> engine_;
};

class RunWorker : public PromiseWorker {
public:
    RunWorker(Napi::Env env, std::shared_ptr<Engine> engine, std::shared_ptr<Turns> turns, BatchArguments arguments,
              std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)), engine_(std::move(engine)), place_(std::move(turns)), arguments_(std::move(arguments)) {}

protected:
    void execute() override {
        // The next batch waits here while one runs, so that it can begin whatever the event loop is busy with.
        place_.wait();
        const Leave leave{place_};
        engine_->run(arguments_.batch, job().cancelled);
    }

private:
    struct Leave {
        Turns::Place & place;
        ~Leave() { place.leave(); }
    };
    std::shared_ptr<Engine> engine_;
    Turns::Place place_;
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
    // Only create() makes a model: it passes the engine.
    if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Models are made by Model.load().");
    engine_ = *info[0].As<Napi::External<std::shared_ptr<Engine>>>().Data();
    Value().TypeTag(&kModelTag);
}

Napi::Object Model::create(Napi::Env env, std::shared_ptr<Engine> engine) {
    return Environment::of(env).model_class.New({Napi::External<std::shared_ptr<Engine>>::New(env, &engine)});
}

Napi::Value Model::load(const Napi::CallbackInfo & info) {
    LoadArguments arguments = read_load_arguments(info[0]);
    return PromiseWorker::start(std::make_unique<LoadWorker>(info.Env(), std::move(arguments), Job::state_of(info[1])));
}

Napi::Value Model::run(const Napi::CallbackInfo & info) {
    if (!engine_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    BatchArguments arguments = read_batch_arguments(info[0], engine_->hyperparameters());
    return PromiseWorker::start(
        std::make_unique<RunWorker>(info.Env(), engine_, turns_, std::move(arguments), Job::state_of(info[1])));
}

Napi::Value Model::prefill(const Napi::CallbackInfo & info) {
    if (!engine_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    return start_prefill(info.Env(), engine_, info[0], Job::state_of(info[1]));
}

Napi::Value Model::step(const Napi::CallbackInfo & info) {
    if (!engine_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    return start_step(info.Env(), engine_, info[0], Job::state_of(info[1]));
}

Napi::Value Model::dispose(const Napi::CallbackInfo & info) {
    engine_.reset();
    return info.Env().Undefined();
}

Napi::Value Model::info(const Napi::CallbackInfo & info) {
    if (!engine_) throw Napi::Error::New(info.Env(), "The model was disposed.");
    Napi::Object result = Napi::Object::New(info.Env());
    const EngineInfo engine = engine_->info();
    result.Set("device", engine.device);
    result.Set("kernels", engine.kernels);
    result.Set("attention", engine.attention);
    result.Set("threads", engine.threads);
    result.Set("weightBytes", static_cast<double>(engine.weight_bytes));
    return result;
}

}  // namespace clmbr::binding
