// Writes the small golden model as a sentence-transformers folder, with other modules or fewer tensors.
import { fileURLToPath } from 'node:url';
import { readModelFolder } from '../../src/io/model-folder.ts';
import { writeModelFolder } from '../../src/io/model-folder-writer.ts';
import { openWeights } from '../../src/io/weights.ts';

/** The small golden model: 2 layers, hidden 32. */
export const smallModel = fileURLToPath(new URL('../golden/bert-two-layers', import.meta.url));

/** Writes the small model as a sentence-transformers folder with other modules. */
export async function copyModel(
  target: string,
  changes: Partial<Parameters<typeof writeModelFolder>[1]>,
  keepTensor: (name: string) => boolean = () => true,
): Promise<void> {
  const source = await readModelFolder(smallModel);
  const weights = await openWeights(smallModel);
  const tensors = [];
  for (const name of weights.names.filter(keepTensor)) {
    tensors.push({
      name,
      dtype: 'F32' as const,
      shape: [...weights.info(name).shape],
      data: await weights.readFloat32(name),
    });
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
