// A saved whitening: whitening.safetensors in a folder of its own or in the model folder it was built into, with mean,
// eigenvalues and the kept eigenvectors in float64, and how it was fitted in the metadata.
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, FormatError } from '../../errors.ts';
import { exists, kindOf } from '../../io/files/folder-path.ts';
import { type FolderOptions, WHITENING_FILE, writeFolder } from '../../io/files/folder-writer.ts';
import { checkJson } from '../../io/files/json-file.ts';
import { SafetensorsFile } from '../../io/safetensors/safetensors.ts';
import { writeSafetensors } from '../../io/safetensors/safetensors-writer.ts';
import { readFloat64 } from './covariance-state.ts';
import type { WhiteningData } from './whitening-data.ts';
import { WHITENING_VARIANTS } from './whitening-matrix.ts';

const format = 'likewise-whitening';

const number = z.string().transform(Number).pipe(z.number().min(0));
const metadataSchema = z.object({
  format: z.literal(format),
  variant: z.enum(WHITENING_VARIANTS),
  epsilon: number,
  rcond: number,
  count: number,
  rank: number,
});

/** Writes a folder of its own. @throws FileError when it exists and is not empty (unless `overwrite`) */
export function saveWhitening(data: WhiteningData, folder: string, options: FolderOptions): Promise<void> {
  return writeFolder(folder, options, (temporary) => writeWhiteningFile(data, temporary));
}

/** Writes the file into a folder that exists. @throws FileError */
export async function writeWhiteningFile(data: WhiteningData, folder: string): Promise<void> {
  const { variant, epsilon, rcond, count, rank, mean, eigenvalues, vectors, dimension } = data;
  await writeSafetensors(
    join(folder, WHITENING_FILE),
    [
      { name: 'mean', dtype: 'F64', shape: [dimension], data: mean },
      { name: 'eigenvalues', dtype: 'F64', shape: [dimension], data: eigenvalues },
      { name: 'vectors', dtype: 'F64', shape: [vectors.length / dimension, dimension], data: vectors },
    ],
    {
      format,
      variant,
      epsilon: String(epsilon),
      rcond: String(rcond),
      count: String(count),
      rank: String(rank),
    },
  );
}

/** @param path the folder, or the file itself. @throws FileError, FormatError */
export async function loadWhitening(path: string): Promise<WhiteningData> {
  const source = await fileOf(path);
  const file = await SafetensorsFile.open(source);
  try {
    const makeError = (message: string) => new FormatError(`${message}: it is not a saved whitening`);
    const { format: _, ...settings } = checkJson(metadataSchema, file.metadata, source, makeError);
    const mean = await readFloat64(file, 'mean');
    const eigenvalues = await readFloat64(file, 'eigenvalues');
    const vectors = await readFloat64(file, 'vectors');
    const dimension = mean.length;
    const components = vectors.length / dimension;
    if (eigenvalues.length !== dimension || !Number.isInteger(components) || components < 1) {
      throw new FormatError(
        `'${source}' holds ${dimension} means, ${eigenvalues.length} eigenvalues and ${vectors.length} numbers of ` +
          'eigenvectors, which do not fit; write it again',
      );
    }
    return { ...settings, mean, eigenvalues, vectors, dimension };
  } finally {
    await file.close();
  }
}

async function fileOf(path: string): Promise<string> {
  if ((await kindOf(path)) !== 'folder') return path;
  const file = join(path, WHITENING_FILE);
  if (await exists(file)) return file;
  throw new FileError(
    `'${path}' holds no whitening: ${WHITENING_FILE} is missing; name a folder that whitening was saved to`,
  );
}
