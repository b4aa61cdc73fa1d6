// What an engine has done and holds, and how fast its machine can compute.
#pragma once

#include <napi.h>

#include "../core/engine.h"

namespace likewise {

// The EngineStats of src/native/addon.ts.
Napi::Object describe_engine(Napi::Env env, Engine& engine);

// Operations per second of a backend's register-only loop in float32 (precision 0), in int8 (1) or in bfloat16 (2; 0 where
// that is emulated) on all of a stream's workers: the best of five.
double peak_rate(Workers& workers, const Backend& backend, int64_t precision);

}  // namespace likewise
