// What `likewise whiten` refuses before it computes anything: options that contradict each other or would be ignored, and
// outputs that would destroy an input or cannot be written.
import { ArgumentError } from '../../errors.ts';
import { refuseSharedPaths } from '../../io/files/output-check.ts';
import { checkTextInput } from './text-input-options.ts';
import { checkFit, type WhitenOptions } from './whiten-options.ts';

/** @throws ArgumentError; FileError for an output that cannot be written */
export async function checkWhiten(options: WhitenOptions): Promise<void> {
  checkSources(options);
  checkUsed(options);
  const { model, input, vectors, output, transformed, overwrite } = options;
  await refuseSharedPaths(
    { '--output': output, '--transformed': transformed },
    { '--model': model, '--input': input, '--vectors': vectors },
  );
  const [{ checkFolderTarget }, { checkWritable }] = await Promise.all([
    import('../../io/files/folder-writer.ts'),
    import('../../io/files/atomic-file.ts'),
  ]);
  await checkFit(options);
  await checkFolderTarget(output, { overwrite });
  if (transformed !== undefined) await checkWritable(transformed);
}

function checkSources({ model, input, vectors, transformed }: WhitenOptions): void {
  if ((input === undefined) === (vectors === undefined)) {
    throw new ArgumentError('expected either --input, a corpus, or --vectors, a .npy, to fit on');
  }
  if (input !== undefined && model === undefined)
    throw new ArgumentError('--input needs --model to encode it');
  if (transformed !== undefined && vectors === undefined)
    throw new ArgumentError('--transformed needs --vectors');
  if (transformed === '-')
    throw new ArgumentError('expected --transformed to name a .npy but received -: a file is written');
}

/** Options that would be ignored, by what they need. */
function checkUsed(options: WhitenOptions): void {
  const { model, transformationOnly, transformed, input } = options;
  const { fold, again, normalize, pooling, precision } = options;
  const { format, textField, header, prompt, promptName, maxLength, batchTokens } = options;
  const writesModel = model !== undefined && transformationOnly !== true;
  const modelWritten = '--model, and no --transformation-only: they say how the model is written';
  refuse(!writesModel, { fold, again }, modelWritten);
  const plain = normalize === false ? true : undefined;
  refuse(!writesModel && transformed === undefined, { 'no-normalize': plain }, '--model or --transformed');
  refuse(model === undefined, { pooling, precision }, '--model');
  const ofTexts = { format, textField, header, prompt, promptName, maxLength, batchTokens };
  refuse(input === undefined, ofTexts, '--input: they say how texts are read and encoded');
  if (input !== undefined) checkTextInput(input, options);
}

function refuse(unused: boolean, options: Record<string, unknown>, needed: string): void {
  const name = Object.keys(options).find((key) => options[key] !== undefined);
  if (!unused || name === undefined) return;
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ArgumentError(`--${flag} needs ${needed}`);
}

/** @throws ArgumentError when the vectors of a file are no vectors of the model; FileError, FormatError */
export async function checkVectorsFit(path: string, model: string, dimension: number): Promise<void> {
  const { readNpyShape } = await import('../../io/npy.ts');
  const [, columns] = await readNpyShape(path);
  if (columns === dimension) return;
  throw new ArgumentError(
    `expected --vectors of ${dimension} components, as --model '${model}' gives, but those of '${path}' have ${columns}: ` +
      'embed a corpus with this model, or leave --model out',
  );
}
