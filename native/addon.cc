// Registers what JavaScript sees; no logic.
#include <napi.h>

#include "binding/environment.h"
#include "binding/generation.h"
#include "binding/job.h"
#include "binding/model.h"
#include "binding/system.h"
#include "engine/ggml_guard.h"
#if defined(CLMBR_FAULT_INJECTION)
#include "test/addon/faults_addon.h"
#include "test/addon/plants.h"
#endif

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
    using namespace clmbr::binding;
    clmbr::install_ggml_callbacks();
    Environment & environment = Environment::create(env);
    Job::define(env, environment, exports);
    Model::define(env, environment, exports);
    Generation::define(env, environment, exports);
    define_system(env, exports);
#if defined(CLMBR_FAULT_INJECTION)
    clmbr::test::define_faults(env, exports);
    clmbr::test::define_plants(env, exports);
#endif
    return exports;
}

NODE_API_MODULE(clmbr, Initialize)
