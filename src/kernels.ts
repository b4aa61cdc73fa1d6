// `likewise/kernels`: the main kernels on plain typed arrays, for those who want only these. Inputs are copied during the
// call, so the arrays may be changed or transferred afterwards. The exception is the rows of a covariance, which may be
// gigabytes. Shared and resizable buffers are refused.
export {
  type CosineSoftmaxLossOptions,
  type CosineSoftmaxLossResult,
  cosineSoftmaxLoss,
} from './kernels/cosine-softmax-loss.ts';
export {
  type CovarianceOptions,
  type CovarianceResult,
  covariance,
  type SymmetricSvdOptions,
  type SymmetricSvdResult,
  symmetricSvd,
} from './kernels/covariance.ts';
export {
  type FusedAttentionOptions,
  type FusedAttentionResult,
  fusedAttention,
} from './kernels/fused-attention.ts';
