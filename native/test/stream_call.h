// An op queued on an engine's stream as the addon does it.
#pragma once

#include "../core/engine.h"

namespace likewise::test {

// output = left + right
inline Engine::Queued queue_sum(Engine& engine, Handle left, Handle right, Handle output) {
  const Tensor* inputs[max_inputs] = {engine.tensors().find(left), engine.tensors().find(right)};
  const Tensor* outputs[max_outputs] = {engine.tensors().find(output)};
  OpCall call;
  call.inputs[0] = inputs[0]->view;
  call.inputs[1] = inputs[1]->view;
  call.outputs[0] = outputs[0]->view;
  call.parameters[0] = call.parameters[1] = 1;
  return engine.run(OpId::weighted_sum, engine.backend()[OpId::weighted_sum].float32, call, inputs, outputs);
}

}  // namespace likewise::test
