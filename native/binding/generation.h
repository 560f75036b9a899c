#pragma once

#include <napi.h>

#include <memory>

#include "../engine/engine.h"
#include "environment.h"

namespace clmbr::binding {

// A history and the samples that continue it: `bytes`, `dispose()`. Steps are taken by the model, over several generations at once.
class Generation : public Napi::ObjectWrap<Generation> {
public:
    struct State {
        std::shared_ptr<Engine> engine;  // the one that made it, which alone can go on with it
        std::shared_ptr<Continuations> continuations;
    };

    static void define(Napi::Env env, Environment & environment, Napi::Object exports);
    explicit Generation(const Napi::CallbackInfo & info);

    static Napi::Object create(Napi::Env env, std::shared_ptr<State> state);
    // Throws TypeError for anything else, Error when it was disposed.
    static std::shared_ptr<State> state_of(const Napi::Value & value);

private:
    Napi::Value bytes(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value release(const Napi::CallbackInfo & info);
    Napi::Value rewind(const Napi::CallbackInfo & info);

    std::shared_ptr<State> state_;
};

// Promise of a Generation for { tokens, samples, capacity }.
Napi::Promise start_prefill(Napi::Env env, std::shared_ptr<Engine> engine, const Napi::Value & request, std::shared_ptr<JobState> job);

// Promise of { ids, logProbs, targets } for { generations, rows, samples, sampler }: `rows` has four numbers a row: generation, its sample,
// last token (-1: none yet), events drawn before; `samples` the number of each row's sample for the random generator.
Napi::Promise start_step(Napi::Env env, std::shared_ptr<Engine> engine, const Napi::Value & request, std::shared_ptr<JobState> job);

}  // namespace clmbr::binding
