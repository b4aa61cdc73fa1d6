// What an engine has done and holds, and how fast its machine can compute.
#pragma once

#include <napi.h>

#include "../core/engine.h"

namespace likewise {

// The EngineStats of src/native/addon.ts.
Napi::Object describe_engine(Napi::Env env, Engine& engine);

// Floating-point operations per second of a backend's `multiply_adds` on all of a stream's workers: the best of five.
double peak_rate(Workers& workers, double (*loop)(int64_t));

}  // namespace likewise
