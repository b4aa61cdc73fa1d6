// `likewise/kernels`: the headline kernels on plain typed arrays, for those who want only these. Inputs are copied when
// called, so the arrays may be changed or transferred at once (but for the rows of a covariance, of which there may be
// gigabytes: they are read in place until its promise resolves); shared and resizable buffers are refused.
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
