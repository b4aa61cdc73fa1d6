// A whitening as the last steps of a model: Dense with weight W and bias -W mean, then Normalize. That is all that
// sentence-transformers needs to give the same vectors. Where the model ends in a linear Dense already, the two can be
// folded into one: W (D x + b) - W mean = (W D) x + W (b - mean).
import { join } from 'node:path';
import { ArgumentError, ModelError } from '../../errors.ts';
import { exists } from '../../io/files/folder-path.ts';
import { WHITENING_FILE } from '../../io/files/folder-writer.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import type { DenseModule, ModelFolderContent } from '../../io/model-folder/model-folder-content.ts';
import { writeModelFolder } from '../../io/model-folder/model-folder-writer.ts';
import type { Pooling } from '../../nn/encoder/pooling.ts';
import { checkOptions } from '../../options/check-options.ts';
import { readContent, readDense, type SavedModel, storablePooling } from '../encoder/save-encoder.ts';
import { Whitening } from './whitening.ts';
import { writeWhiteningFile } from './whitening-file.ts';

/** Options of {@link SentenceEncoder.saveWhitened}. */
export interface SaveWhitenedOptions {
  /** Replace a folder that exists and is not empty, if it is a model's or a whitening's. */
  overwrite?: boolean | undefined;
  /** Fold the whitening into the linear Dense that the model ends in. */
  fold?: boolean | undefined;
  /** End in Normalize; yes by default. */
  normalize?: boolean | undefined;
  /** Whiten a model that already ends in a whitening. */
  again?: boolean | undefined;
}

/**
 * Writes a model whose vectors are the encoder's own, whitened, and `whitening.safetensors` beside it.
 * @throws ArgumentError when the whitening does not fit or the pooling cannot be stored; ModelError for a model that
 *   already ends in a whitening, unless `again`, or has nothing to fold into; FileError
 */
export async function saveWhitenedModel(
  source: ModelFolder,
  model: SavedModel,
  whitening: Whitening,
  target: string,
  options: SaveWhitenedOptions = {},
): Promise<void> {
  checkOptions('saveWhitened', options, ['overwrite', 'fold', 'normalize', 'again']);
  await checkWhitenable(source, model.pooling, options);
  const content = await readContent(source, model);
  const modules = [...content.modules];
  if (options.fold === true) {
    modules.push(foldDense(modules.pop() as DenseModule, whitening)); // checkWhitenable has seen to it
  } else {
    modules.push(whiteningDense(whitening));
  }
  if (options.normalize !== false) modules.push({ kind: 'normalize' });
  const whitened: ModelFolderContent = { ...content, modules, similarity: 'cosine' };
  const { overwrite } = options;
  const addFiles = (folder: string) => writeWhiteningFile(whitening.data, folder);
  await writeModelFolder(target, whitened, { overwrite, addFiles });
}

/** @throws ArgumentError for anything but a whitening, or one of vectors of another dimension */
export function checkWhiteningFits(whitening: Whitening, dimension: number): void {
  if (!(whitening instanceof Whitening))
    throw new ArgumentError(
      '[saveWhitened] expected a Whitening, as Whitening.fit or Whitening.load gives it',
    );
  if (whitening.dimension === dimension) return;
  throw new ArgumentError(
    `[saveWhitened] expected a whitening of vectors of ${dimension} components, as this model gives, but this one takes ` +
      `${whitening.dimension}: fit it on vectors of this model`,
  );
}

/** y = W x - W mean, with the bias in float64 before it is rounded. */
export function whiteningDense(whitening: Whitening): DenseModule {
  const { dimension, outputs } = whitening;
  const weight = whitening.matrix();
  const bias = multiply(weight, whitening.data.mean, 1, dimension).map((value) => -value);
  return {
    kind: 'dense',
    inFeatures: dimension,
    outFeatures: outputs,
    activation: 'identity',
    weight: Float32Array.from(weight),
    biasValues: Float32Array.from(bias),
  };
}

function foldDense(dense: DenseModule, whitening: Whitening): DenseModule {
  const { dimension, outputs } = whitening;
  if (dense.outFeatures !== dimension) {
    throw new ArgumentError(
      `[whitening] expected a Dense of ${dimension} outputs to fold into but it has ${dense.outFeatures}`,
    );
  }
  const matrix = whitening.matrix();
  const shifted = whitening.data.mean.map((mean, i) => (dense.biasValues?.[i] ?? 0) - mean);
  return {
    kind: 'dense',
    inFeatures: dense.inFeatures,
    outFeatures: outputs,
    activation: 'identity',
    weight: Float32Array.from(multiply(matrix, dense.weight, dense.inFeatures, dimension)),
    biasValues: Float32Array.from(multiply(matrix, shifted, 1, dimension)),
  };
}

/** left [rows, depth] times right [depth, columns], in float64. */
function multiply(
  left: Float64Array,
  right: ArrayLike<number>,
  columns: number,
  depth: number,
): Float64Array {
  const rows = left.length / depth;
  const product = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      const factor = left[i * depth + k] as number;
      for (let j = 0; j < columns; j++) {
        product[i * columns + j] =
          (product[i * columns + j] as number) + factor * (right[k * columns + j] as number);
      }
    }
  }
  return product;
}

/**
 * What can be known before anything is encoded.
 * @throws ArgumentError for a pooling that cannot be stored; ModelError when the model already ends in a whitening
 *   (unless `again`) or, with `fold`, in no linear Dense
 */
export async function checkWhitenable(
  source: ModelFolder,
  pooling: Pick<Pooling, 'modes'>,
  { fold, again }: SaveWhitenedOptions,
): Promise<void> {
  storablePooling(
    pooling.modes,
    'save the whitening by itself (--transformation-only), or whiten such a pooling',
  );
  const end = source.modules.at(-1);
  if (fold === true && (end?.kind !== 'dense' || end.activation !== 'identity')) {
    const found = end?.kind === 'dense' ? `a dense module with activation ${end.activation}` : end?.kind;
    throw new ModelError(
      `expected '${source.path}' to end in a linear Dense to fold the whitening into, but it ends in ${found}: ` +
        'save without folding',
    );
  }
  if (again === true) return;
  const last = source.modules.findLast((module) => module.kind !== 'normalize');
  const ends = last?.kind === 'dense' && looksLikeWhitening(await readDense(last));
  if (!ends && !(await exists(join(source.path, WHITENING_FILE)))) return;
  throw new ModelError(
    `'${source.path}' already ends in a whitening: whiten the model it was made from, or pass --again (option \`again\`)`,
  );
}

/** A linear layer with bias whose rows are orthogonal, or whose matrix is symmetric: what only a whitening leaves. */
function looksLikeWhitening(dense: DenseModule): boolean {
  const { inFeatures, outFeatures, weight, biasValues, activation } = dense;
  if (activation !== 'identity' || biasValues === undefined || outFeatures > inFeatures) return false;
  const row = (index: number) => weight.subarray(index * inFeatures, (index + 1) * inFeatures);
  const norms = Array.from({ length: outFeatures }, (_, index) => Math.sqrt(dot(row(index), row(index))));
  let orthogonal = outFeatures > 1;
  let symmetric = outFeatures > 1 && outFeatures === inFeatures;
  for (let i = 0; i < outFeatures && (orthogonal || symmetric); i++) {
    for (let j = 0; j < i; j++) {
      const size = (norms[i] as number) * (norms[j] as number);
      orthogonal &&= Math.abs(dot(row(i), row(j))) <= 1e-3 * size;
      const difference = (weight[i * inFeatures + j] as number) - (weight[j * inFeatures + i] as number);
      symmetric &&= Math.abs(difference) <= 1e-5 * Math.sqrt(size);
    }
  }
  return orthogonal || symmetric;
}

function dot(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (y[i] as number);
  return sum;
}
