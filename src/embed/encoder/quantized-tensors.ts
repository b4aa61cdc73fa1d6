// An encoder's weights in int8, ready to be written: the same quantisation as when they are loaded, so that the folder
// written gives the same bits as the one it came from, loaded in int8.
import { quantizedTensors, withEncoderWeights } from '../../io/model-folder/encoder-weights.ts';
import type { ModelFolder } from '../../io/model-folder/model-folder.ts';
import type { SafetensorsTensor } from '../../io/safetensors/safetensors-writer.ts';
import type { Engine } from '../../native/engine.ts';
import { encoderReader } from '../../nn/encoder/encoder.ts';
import { encoderParameters, isQuantized } from '../../nn/encoder/encoder-parameters.ts';

/**
 * Reads the parameters of a folder's encoder, and nothing else that its files may hold, one by one.
 * @throws ModelError, FormatError, FileError
 */
export function readQuantized(engine: Engine, folder: ModelFolder): Promise<SafetensorsTensor[]> {
  return withEncoderWeights(folder, async (weights) => {
    const reader = encoderReader(engine, weights);
    const specs = encoderParameters(folder.config, { pooler: reader.has('pooler.dense.weight') });
    const tensors: SafetensorsTensor[] = [];
    for (const { names, shape } of specs) {
      for (const name of names) {
        if (!isQuantized(name, shape)) {
          tensors.push({ name, dtype: 'F32', shape: [...shape], data: await reader.array(name, shape) });
          continue;
        }
        using matrix = await reader.quantized([name], shape[0], shape[1]);
        const values = (await matrix.values.data()) as Int8Array;
        const scales = await matrix.scales.float32Data();
        tensors.push(...quantizedTensors(name, shape, { values, scales }));
      }
    }
    return tensors;
  });
}
