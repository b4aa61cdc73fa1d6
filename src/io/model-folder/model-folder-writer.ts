// Writes a model folder that sentence-transformers, Hugging Face's transformers and Likewise itself can open, completely or
// not at all.

import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ArgumentError, ModelError } from '../../errors.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { exists } from '../files/folder-path.ts';
import { type FolderOptions, writeFolder } from '../files/folder-writer.ts';
import { jsonText } from '../files/json-file.ts';
import { type SafetensorsTensor, writeSafetensors } from '../safetensors/safetensors-writer.ts';
import { denseConfigJson } from './dense-config.ts';
import { modelCard, pretrainedCard } from './model-card.ts';
import { encoderConfigJson } from './model-config.ts';
import type { DenseModule, ModelFolderContent } from './model-folder-content.ts';
import { poolingConfigJson } from './pooling-config.ts';
import { quantizationConfigJson } from './quantization-config.ts';

export interface WriteModelFolderOptions extends FolderOptions {
  /** Writes further files into the temporary folder, before it gets its name. */
  addFiles?: (folder: string) => Promise<void>;
}

const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'merges.txt',
  'sentencepiece.bpe.model',
];

/**
 * Writes `content` to the folder `target`. ArgumentError when the modules do not fit together; FileError when the
 * target exists and is not empty (unless `overwrite`, and never where it is no model) or the file system refuses; ModelError when `tokenizerFrom`
 * holds no tokenizer.
 */
export async function writeModelFolder(
  target: string,
  content: ModelFolderContent,
  options: WriteModelFolderOptions = {},
): Promise<void> {
  const dimension = checkModules(content);
  await writeFolder(target, options, async (folder) => {
    await writeEncoder(folder, content);
    await copyTokenizer(content.tokenizerFrom, folder);
    await writeModules(folder, content);
    await writeFileAtomic(
      join(folder, 'README.md'),
      content.architecture === undefined
        ? modelCard(content, dimension)
        : pretrainedCard(content, content.architecture),
    );
    await options.addFiles?.(folder);
  });
}

/** Width of the vectors the last module gives. */
function checkModules({ config, modules }: ModelFolderContent): number {
  if (modules[0]?.kind !== 'pooling') throw new ArgumentError('expected the first module to be a pooling');
  let dimension = config.hiddenSize;
  modules.forEach((module, position) => {
    if (module.kind === 'pooling') {
      if (position > 0) throw new ArgumentError('expected one pooling, as the first module');
      if (module.modes.length === 0)
        throw new ArgumentError('expected the pooling to have at least one mode');
      dimension *= module.modes.length;
    } else if (module.kind === 'dense') {
      const { inFeatures, outFeatures, weight, biasValues } = module;
      const fits =
        weight.length === inFeatures * outFeatures && (biasValues?.length ?? outFeatures) === outFeatures;
      if (inFeatures !== dimension || !fits) {
        throw new ArgumentError(
          `expected dense module ${position} to take ${dimension} features and hold [${outFeatures}, ${inFeatures}] ` +
            `weights, but it takes ${inFeatures}, with ${weight.length} weights and ${biasValues?.length ?? 'no'} biases`,
        );
      }
      dimension = outFeatures;
    }
  });
  return dimension;
}

async function writeEncoder(folder: string, content: ModelFolderContent): Promise<void> {
  const config = {
    ...encoderConfigJson(content.config),
    ...(content.architecture === undefined ? {} : { architectures: [content.architecture] }),
    ...(content.tokenizerClass === undefined ? {} : { tokenizer_class: content.tokenizerClass }),
    ...quantizationConfigJson(content.precision ?? 'float32'),
  };
  await writeFileAtomic(join(folder, 'config.json'), jsonText(config));
  await writeSafetensors(join(folder, 'model.safetensors'), content.tensors, { format: 'pt' });
  await writeFileAtomic(
    join(folder, 'sentence_bert_config.json'),
    jsonText({
      max_seq_length: content.maxSequenceLength,
      do_lower_case: content.lowerCase ?? false,
      ...tokenizerArguments(content.tokenizerSettings),
    }),
  );
  await writeFileAtomic(
    join(folder, 'config_sentence_transformers.json'),
    jsonText({
      prompts: content.prompts ?? {},
      default_prompt_name: content.defaultPromptName ?? null,
      similarity_fn_name: content.similarity ?? 'cosine',
    }),
  );
}

// The length is max_seq_length, which arguments would stand above.
function tokenizerArguments(settings: Readonly<Record<string, unknown>> = {}): object {
  const { model_max_length: _, max_len: __, ...others } = settings;
  return Object.keys(others).length === 0 ? {} : { tokenizer_args: others };
}

async function copyTokenizer(source: string, folder: string): Promise<void> {
  const copied = new Set<string>();
  for (const name of TOKENIZER_FILES) {
    if (!(await exists(join(source, name)))) continue;
    await copyFile(join(source, name), join(folder, name), constants.COPYFILE_EXCL);
    copied.add(name);
  }
  if (
    !copied.has('tokenizer.json') &&
    !copied.has('vocab.txt') &&
    !(copied.has('vocab.json') && copied.has('merges.txt'))
  ) {
    throw new ModelError(
      `'${source}' holds no tokenizer; expected tokenizer.json, vocab.txt, or vocab.json with merges.txt`,
    );
  }
}

// modules.json in the spelling that every version of sentence-transformers reads.
async function writeModules(folder: string, content: ModelFolderContent): Promise<void> {
  const listed = [{ idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' }];
  for (const [position, module] of content.modules.entries()) {
    const idx = position + 1;
    const className = { pooling: 'Pooling', dense: 'Dense', normalize: 'Normalize' }[module.kind];
    const path = `${idx}_${className}`;
    listed.push({ idx, name: String(idx), path, type: `sentence_transformers.models.${className}` });
    await mkdir(join(folder, path));
    const configPath = join(folder, path, 'config.json');
    if (module.kind === 'pooling') {
      await writeFileAtomic(configPath, jsonText(poolingConfigJson(module, content.config.hiddenSize)));
    } else if (module.kind === 'dense') {
      await writeFileAtomic(
        configPath,
        jsonText(denseConfigJson({ ...module, bias: module.biasValues !== undefined })),
      );
      await writeSafetensors(join(folder, path, 'model.safetensors'), denseTensors(module), { format: 'pt' });
    }
  }
  await writeFileAtomic(join(folder, 'modules.json'), jsonText(listed));
}

function denseTensors({ inFeatures, outFeatures, weight, biasValues }: DenseModule): SafetensorsTensor[] {
  const tensors: SafetensorsTensor[] = [
    { name: 'linear.weight', dtype: 'F32', shape: [outFeatures, inFeatures], data: weight },
  ];
  if (biasValues !== undefined) {
    tensors.push({ name: 'linear.bias', dtype: 'F32', shape: [outFeatures], data: biasValues });
  }
  return tensors;
}
