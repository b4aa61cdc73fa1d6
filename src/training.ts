// `likewise/training`: gradients, the differentiable ops, and objectives to train with or to build your own from.
export { backward, gradientsOf } from './autograd/backward.ts';
export { type DifferentiableDefinition, differentiable } from './autograd/differentiable.ts';
export type { Parameter, ParameterSpec } from './autograd/parameter.ts';
export { ParameterStore } from './autograd/parameter-store.ts';
export { recompute } from './autograd/recompute.ts';
export { detach, noGrad, watch, withTape } from './autograd/tape.ts';
export * from './errors.ts';
export { Engine, type EngineOptions } from './native/engine.ts';
export { Encoder } from './nn/encoder/encoder.ts';
export type { EncoderConfig } from './nn/encoder/encoder-config.ts';
export { encoderParameters, linearParameters } from './nn/encoder/encoder-parameters.ts';
export { Pooling } from './nn/encoder/pooling.ts';
export { MaskedLanguageHead, maskedLanguageParameters } from './nn/heads/masked-language-head.ts';
export { NextSentenceHead, nextSentenceParameters } from './nn/heads/next-sentence-head.ts';
export { SpanBoundaryHead, spanBoundaryParameters } from './nn/heads/span-boundary-head.ts';
export { TiedDecoder } from './nn/heads/tied-decoder.ts';
export { type ForwardContext, mixSeed } from './nn/layers/forward-context.ts';
export { Linear } from './nn/layers/linear.ts';
export { ParameterReader, type ParameterSource } from './nn/parameters/parameter-reader.ts';
export { randomParameters } from './nn/parameters/random-parameters.ts';
export { causalLanguage } from './objectives/causal-language.ts';
export * from './objectives/contrastive-pairs.ts';
export { cosineRegression } from './objectives/cosine-regression.ts';
export { gradCache } from './objectives/grad-cache.ts';
export * from './objectives/learned-temperature.ts';
export * from './objectives/masked-language.ts';
export { maskedWords } from './objectives/masked-words.ts';
export { type MultipleNegativesOptions, multipleNegatives } from './objectives/multiple-negatives.ts';
export { nextSentence } from './objectives/next-sentence.ts';
export * from './objectives/objective.ts';
export { type PermutationOptions, permutationLanguage } from './objectives/permutation-language.ts';
export {
  type PretrainingBatch,
  type PretrainingModel,
  type PretrainingObjective,
  type PretrainingPass,
  weightedObjectives,
} from './objectives/pretraining.ts';
export * from './objectives/simcse.ts';
export { spanBoundary } from './objectives/span-boundary.ts';
export * from './objectives/su-ntxent.ts';
export * from './objectives/triplet.ts';
export { cosineSoftmaxLoss } from './ops/loss/cosine-softmax-loss.ts';
export {
  type VocabularyLosses,
  type VocabularyLossOptions,
  vocabularyLoss,
} from './ops/loss/vocabulary-loss.ts';
export * from './ops/plain/elementwise.ts';
export { type MatmulOptions, matmul, transpose } from './ops/plain/matmul.ts';
export { largest, mean, type Over, sum } from './ops/plain/reduce.ts';
export * from './ops/plain/slices.ts';
export * from './ops/plain/softmax.ts';
export { l2Normalize, weightedSum } from './ops/rows/rows.ts';
export { gatherRows } from './ops/rows/table-rows.ts';
export { AdamW, type AdamWOptions } from './optim/adamw.ts';
export { Lamb, type LambOptions } from './optim/lamb.ts';
export { scheduleFactor } from './optim/schedule.ts';
export type { CustomObjective } from './tasks/sentence/custom-objective.ts';
export { type LearnerConfig, loadLearner } from './tasks/sentence/load-learner.ts';
export { batchOf } from './tasks/sentence/make-batch.ts';
export type { TextLearner as Learner, TrainingBatch } from './tasks/sentence/text-learner.ts';
export { keep, scope } from './tensor/scope.ts';
export { Tensor, type TensorData } from './tensor/tensor.ts';
export { contentOf, type Fingerprint, settingsOf } from './train/checkpoint/fingerprint.ts';
export { modelFingerprint } from './train/checkpoint/model-fingerprint.ts';
export { encoderHelp, encoderKeys } from './train/config/encoder-keys.ts';
export * as configKeys from './train/config/keys.ts';
export { type RunConfig, runKeys, taskKey } from './train/config/run-config.ts';
export { type RuleProblem, runProblems } from './train/config/run-rules.ts';
export type { Evaluation, EvaluationResult } from './train/evaluation.ts';
export type { Example, Examples, Guess } from './train/examples.ts';
export type { Json } from './train/json.ts';
export type { Learner as TaskLearner } from './train/learner.ts';
export type { Phase } from './train/step/learning-rate.ts';
export type { StepSource, TrainingStep } from './train/step-source.ts';
export type { KeyHelp, OpenedTask, ReadyConfig, Task, TaskContext } from './train/task.ts';
