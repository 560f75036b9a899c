// A tag for each class that crosses the boundary: an object of another kind throws instead of being read as one of ours.
#pragma once

#include <napi.h>

namespace clmbr::binding {

constexpr napi_type_tag kJobTag = {0x636c6d62724a6f62, 0x9d1f0c6a7e5b4c11};
constexpr napi_type_tag kModelTag = {0x636c6d62724d6f64, 0xa3b85f92c04d4e27};

constexpr napi_type_tag kGenerationTag = {0x636c6d627247656e, 0xc41d7be2905a4f38};

}  // namespace clmbr::binding
