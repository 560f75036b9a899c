#include "generation.h"

#include "arguments.h"
#include "promise_worker.h"
#include "type_tags.h"

namespace clmbr::binding {
namespace {

class PrefillWorker : public PromiseWorker {
public:
    PrefillWorker(Napi::Env env, std::shared_ptr<Engine> engine, std::vector<int32_t> tokens, int samples, int capacity,
                  std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)), engine_(std::move(engine)), tokens_(std::move(tokens)), samples_(samples), capacity_(capacity) {}

protected:
    void execute() override {
        state_ = std::make_shared<Generation::State>();
        state_->engine = engine_;
        state_->continuations = engine_->prefill(tokens_, samples_, capacity_, job().cancelled);
    }
    Napi::Value result(Napi::Env env) override { return Generation::create(env, std::move(state_)); }

private:
    std::shared_ptr<Engine> engine_;
    std::vector<int32_t> tokens_;
    int samples_, capacity_;
    std::shared_ptr<Generation::State> state_;
};

class StepWorker : public PromiseWorker {
public:
    StepWorker(Napi::Env env, std::shared_ptr<Engine> engine, std::vector<std::shared_ptr<Generation::State>> generations,
               std::vector<Advance> rows, SamplerSettings settings, std::shared_ptr<JobState> job)
        : PromiseWorker(env, std::move(job)),
          engine_(std::move(engine)),
          generations_(std::move(generations)),
          rows_(std::move(rows)),
          settings_(std::move(settings)) {}

protected:
    void execute() override { draws_ = engine_->step(rows_, settings_, job().cancelled); }

    Napi::Value result(Napi::Env env) override {
        Napi::Int32Array ids = Napi::Int32Array::New(env, draws_.size());
        Napi::Float32Array log_probs = Napi::Float32Array::New(env, draws_.size());
        Napi::Float32Array targets = Napi::Float32Array::New(env, draws_.size());
        for (size_t i = 0; i < draws_.size(); i++) {
            ids[i] = draws_[i].possible ? draws_[i].id : -1;
            log_probs[i] = draws_[i].log_probability;
            targets[i] = draws_[i].target_probability;
        }
        Napi::Object result = Napi::Object::New(env);
        result.Set("ids", ids);
        result.Set("logProbs", log_probs);
        result.Set("targets", targets);
        return result;
    }

private:
    std::shared_ptr<Engine> engine_;
    std::vector<std::shared_ptr<Generation::State>> generations_;  // keep what the rows point to
    std::vector<Advance> rows_;
    SamplerSettings settings_;
    std::vector<Draw> draws_;
};

}  // namespace

void Generation::define(Napi::Env env, Environment & environment, Napi::Object exports) {
    Napi::Function type = DefineClass(env, "Generation",
                                      {InstanceAccessor<&Generation::bytes>("bytes"), InstanceMethod<&Generation::release>("release"),
                                       InstanceMethod<&Generation::rewind>("rewind"), InstanceMethod<&Generation::dispose>("dispose")});
    environment.generation_class = Napi::Persistent(type);
    exports.Set("Generation", type);
}

Generation::Generation(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Generation>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Generations are made by Model.prefill().");
    state_ = *info[0].As<Napi::External<std::shared_ptr<State>>>().Data();
    Value().TypeTag(&kGenerationTag);
}

Napi::Object Generation::create(Napi::Env env, std::shared_ptr<State> state) {
    return Environment::of(env).generation_class.New({Napi::External<std::shared_ptr<State>>::New(env, &state)});
}

std::shared_ptr<Generation::State> Generation::state_of(const Napi::Value & value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kGenerationTag))
        throw Napi::TypeError::New(value.Env(), "Expected a Generation.");
    const auto & state = Unwrap(value.As<Napi::Object>())->state_;
    if (!state) throw Napi::Error::New(value.Env(), "The generation was disposed.");
    return state;
}

// Memory of keys and values.
Napi::Value Generation::bytes(const Napi::CallbackInfo & info) {
    return Napi::Number::New(info.Env(), state_ ? static_cast<double>(state_->continuations->bytes()) : 0);
}

// Frees one sample; not while a step runs.
Napi::Value Generation::release(const Napi::CallbackInfo & info) {
    const size_t index = info[0].ToNumber().Uint32Value();
    if (state_) state_->continuations->release(index);
    return info.Env().Undefined();
}

// Takes a sample back to the end of the history, for another to use its memory; not while a step runs.
Napi::Value Generation::rewind(const Napi::CallbackInfo & info) {
    const size_t index = info[0].ToNumber().Uint32Value();
    if (state_) state_->continuations->rewind(index);
    return info.Env().Undefined();
}

Napi::Value Generation::dispose(const Napi::CallbackInfo & info) {
    state_.reset();
    return info.Env().Undefined();
}

Napi::Promise start_prefill(Napi::Env env, std::shared_ptr<Engine> engine, const Napi::Value & request, std::shared_ptr<JobState> job) {
    const int samples = read_integer(request, "samples"), capacity = read_integer(request, "capacity");
    if (samples < 0 || capacity < 0) throw Napi::TypeError::New(env, "Expected samples and capacity of at least 0.");
    return PromiseWorker::start(std::make_unique<PrefillWorker>(env, std::move(engine), read_int32s(request, "tokens"), samples, capacity, std::move(job)));
}

Napi::Promise start_step(Napi::Env env, std::shared_ptr<Engine> engine, const Napi::Value & request, std::shared_ptr<JobState> job) {
    const Hyperparameters & h = engine->hyperparameters();
    const Napi::Object o = request.ToObject();
    const Napi::Value list = o.Get("generations");
    if (!list.IsArray()) throw Napi::TypeError::New(env, "Expected an array in 'generations'.");
    std::vector<std::shared_ptr<Generation::State>> generations;
    for (uint32_t i = 0; i < list.As<Napi::Array>().Length(); i++) generations.push_back(Generation::state_of(list.As<Napi::Array>().Get(i)));
    for (const auto & generation : generations)
        if (generation->engine != engine) throw Napi::TypeError::New(env, "Expected a Generation of this model.");

    const std::vector<int32_t> numbers = read_int32s(request, "rows"), samples = read_int32s(request, "samples");
    if (numbers.size() % 4 != 0 || numbers.size() / 4 != samples.size()) throw Napi::TypeError::New(env, "Expected four numbers a row.");
    std::vector<Advance> rows;
    for (size_t i = 0; i < samples.size(); i++) {
        const int32_t * row = numbers.data() + 4 * i;
        if (row[0] < 0 || static_cast<size_t>(row[0]) >= generations.size()) throw Napi::TypeError::New(env, "Expected a known generation.");
        Continuations & continuations = *generations[static_cast<size_t>(row[0])]->continuations;
        if (row[1] < 0 || !continuations.has(static_cast<size_t>(row[1]))) throw Napi::TypeError::New(env, "Expected a sample of the generation.");
        rows.push_back({&continuations, static_cast<size_t>(row[1]), row[2], static_cast<uint64_t>(static_cast<uint32_t>(samples[i])),
                        static_cast<uint64_t>(static_cast<uint32_t>(row[3]))});
    }
    return PromiseWorker::start(std::make_unique<StepWorker>(env, std::move(engine), std::move(generations), std::move(rows), read_sampler(o.Get("sampler"), h), std::move(job)));
}

}  // namespace clmbr::binding
