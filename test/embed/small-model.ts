// Writes the small golden model as a sentence-transformers folder, with other modules, fewer tensors or other numbers.
import { fileURLToPath } from 'node:url';
import { readModelFolder } from '../../src/io/model-folder/model-folder.ts';
import { writeModelFolder } from '../../src/io/model-folder/model-folder-writer.ts';
import { openWeights } from '../../src/io/safetensors/weights.ts';

/** The small golden model: 2 layers, hidden 32. */
export const smallModel = fileURLToPath(new URL('../golden/bert-two-layers', import.meta.url));

/** Writes the small model as a sentence-transformers folder with other modules. */
export async function copyModel(
  target: string,
  changes: Partial<Parameters<typeof writeModelFolder>[1]>,
  keepTensor: (name: string) => boolean = () => true,
  edit: (name: string, data: Float32Array) => void = () => {},
): Promise<void> {
  const source = await readModelFolder(smallModel);
  const weights = await openWeights(smallModel);
  const tensors = [];
  for (const name of weights.names.filter(keepTensor)) {
    const data = await weights.readFloat32(name);
    edit(name, data);
    tensors.push({ name, dtype: 'F32' as const, shape: [...weights.info(name).shape], data });
  }
  await weights.close();
  await writeModelFolder(target, {
    config: source.config,
    tensors,
    maxSequenceLength: source.transformer.maxSequenceLength,
    modules: [{ kind: 'pooling', modes: ['mean'], includePrompt: true }],
    tokenizerFrom: smallModel,
    ...changes,
  });
}

/** Writes the small model with a word, `mat`, so large that the vectors of texts that have it are not finite. */
export function damagedModel(target: string): Promise<void> {
  const [mat, hidden] = [50, 32]; // its token id; the width of a word
  return copyModel(target, {}, undefined, (name, data) => {
    if (name.endsWith('word_embeddings.weight')) data.fill(3e38, mat * hidden, (mat + 1) * hidden);
  });
}
