// What this build offers, as JavaScript reads it: ops, enumerations, backends, the machine.
#pragma once

#include <napi.h>

namespace likewise {

// The AddonDescription of src/native/addon.ts.
Napi::Object describe_build(Napi::Env env);

}  // namespace likewise
