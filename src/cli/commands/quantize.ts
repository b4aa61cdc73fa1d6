// `likewise quantize`: writes a model with its weights in int8, a quarter of the size, which loads without a float copy.

import { Command } from 'commander';
import { defined, loadEncoder, type ModelOptions, positiveInteger } from '../options/model-options.ts';
import { addRequiredOption } from '../options/required-option.ts';
import { formatBytes } from '../output/quantities.ts';

interface QuantizeOptions extends Pick<ModelOptions, 'model' | 'threads' | 'backend'> {
  output: string;
  overwrite?: boolean;
  json?: boolean;
}

const help = `
The encoder's weight matrices and word embeddings become int8 with a scale per row; everything else stays as it is. The
vectors are bit for bit those of the original folder with --precision int8. Use "likewise evaluate" to see how much quality is
lost. The layout is that of compressed-tensors and is named in config.json, so loaders that do not know it refuse the folder.

Example:
  $ likewise quantize --model ./all-MiniLM-L6-v2 --output ./all-MiniLM-L6-v2-int8`;

/** The command, for the program. */
export function quantizeCommand(): Command {
  const command = new Command('quantize').description('Write a model with its weights in int8.');
  addRequiredOption(command, '--model <folder>', 'folder in Hugging Face or sentence-transformers layout');
  addRequiredOption(command, '--output <folder>', 'folder for the quantised model');
  return command
    .option('--overwrite', 'replace a folder that exists')
    .option('--threads <count>', 'worker threads', positiveInteger)
    .option('--backend <name>', 'instruction set; by default the best that this CPU can run')
    .option('--json', 'print the summary as one JSON object')
    .addHelpText('after', help)
    .action(quantize);
}

async function quantize(options: QuantizeOptions): Promise<void> {
  const { model, output, overwrite, threads, backend } = options;
  using encoder = await loadEncoder({ model, ...defined({ threads, backend }), precision: 'int8' });
  await encoder.save(output, defined({ overwrite }));
  const before = await weightBytes(encoder.folder.transformer.path);
  const after = await weightBytes(output);
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ output, precision: 'int8', bytes: after, sourceBytes: before })}\n`,
    );
    return;
  }
  const share = ((100 * after) / before).toFixed(1);
  process.stdout.write(`${output}: weights of ${formatBytes(after)}, ${share} % of ${formatBytes(before)}\n`);
}

/** Bytes of all tensors of a folder. */
async function weightBytes(folder: string): Promise<number> {
  const { withWeights } = await import('../../io/safetensors/weights.ts');
  return withWeights(folder, async (weights) =>
    weights.names.reduce((sum, name) => sum + weights.info(name).byteLength, 0),
  );
}
