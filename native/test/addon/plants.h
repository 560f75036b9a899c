#pragma once

#include <napi.h>

namespace clmbr::test {

void define_plants(Napi::Env env, Napi::Object exports);

}  // namespace clmbr::test
