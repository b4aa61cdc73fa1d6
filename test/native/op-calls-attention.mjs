// op-calls.mjs for attention and its gradient.
import { ints, list, number, offsetsTo, optional, ranks, real } from './op-call-tensors.mjs';

/** What both ops are given, and the sizes it has: 8 inputs from the query on, and the parameters. */
function sharedCall(random) {
  const [heads, dim, sequences] = [1 + random.below(3), 1 + random.below(40), random.below(5)];
  const [queries, keys] = sequences === 0 ? [0, 0] : [random.below(80), random.below(90)];
  const [masked, dropped] = [random.chance(0.6), random.chance(0.5)];
  const word = () => number(random, random.below(2 ** 32));
  const inputs = [
    real(queries, heads * dim),
    real(keys, heads * dim),
    real(keys, heads * dim),
    offsetsTo(random, sequences, queries),
    offsetsTo(random, sequences, keys),
    masked ? ranks(random, queries) : null,
    masked ? ranks(random, keys) : null,
    dropped ? ints(list(sequences, () => random.pick([0, 5, -1, 2 ** 31 - 1]))) : null,
  ];
  const strict = masked ? random.below(2) : 0;
  const parameters = [number(random, heads), number(random, 0.3), strict];
  parameters.push(number(random, dropped ? 0.1 : 0), word(), word());
  return { inputs, parameters, heads, queries, keys, width: heads * dim };
}

function attention(random) {
  const { inputs, parameters, heads, queries, width } = sharedCall(random);
  return [inputs, [real(queries, width), optional(random, real(queries, heads))], parameters];
}

function attentionGradient(random) {
  const { inputs, parameters, heads, queries, keys, width } = sharedCall(random);
  const [ofQueries, ofKeys] = [() => real(queries, width), () => real(keys, width)];
  return [
    [ofQueries(), ...inputs, ofQueries(), real(queries, heads)],
    [ofQueries(), ofKeys(), ofKeys()],
    parameters,
  ];
}

export const attentionBuilders = {
  attention,
  attention_gradient: attentionGradient,
  attention_bfloat16: attention,
  attention_gradient_bfloat16: attentionGradient,
};
