// The tokenizers library ends the process (a Rust panic with no way to catch it) on a few descriptions that it loads
// without complaint. Each is found here first and named.

import { charsmapProblem } from './precompiled-charsmap.ts';
import type { Component, TokenizerSpec } from './tokenizer-json.ts';

/** What in `spec` the library would abort on, or undefined. */
export function abortProblem(spec: TokenizerSpec): string | undefined {
  for (const part of componentsOf(spec)) {
    const problem = componentProblem(part);
    if (problem !== undefined) return problem;
  }
  return mergesProblem(spec.model);
}

/** Every component of the pipeline, those inside sequences included. */
function componentsOf(spec: TokenizerSpec): Component[] {
  const found: Component[] = [];
  const waiting: unknown[] = [spec.normalizer, spec.pre_tokenizer, spec.post_processor, spec.decoder];
  while (waiting.length > 0) {
    const each = waiting.pop() as Component | null | undefined;
    if (typeof each !== 'object' || each === null) continue;
    found.push(each);
    for (const key of ['normalizers', 'pretokenizers', 'processors', 'decoders']) {
      if (Array.isArray(each[key])) waiting.push(...(each[key] as unknown[]));
    }
  }
  return found;
}

function componentProblem(part: Component): string | undefined {
  if (part.type === 'Precompiled') {
    const charsmap = part.precompiled_charsmap;
    const problem = typeof charsmap === 'string' ? charsmapProblem(charsmap) : 'it is missing';
    return problem === undefined ? undefined : `its precompiled_charsmap is damaged: ${problem}`;
  }
  if (part.type === 'FixedLength' && !(Number(part.length ?? 5) >= 1)) return 'its FixedLength has no length';
  if (part.type === 'TemplateProcessing') return templateProblem(part);
  return undefined;
}

// `single` is a list of {Sequence: {id}} and {SpecialToken: {id}}.
function templateProblem(template: Component): string | undefined {
  const pieces = template.single;
  if (!Array.isArray(pieces)) return 'its post_processor has no template for one text';
  const known = new Set(Object.keys((template.special_tokens ?? {}) as object));
  let sequences = 0;
  for (const piece of pieces as ({ Sequence?: { id?: unknown }; SpecialToken?: { id?: unknown } } | null)[]) {
    if (piece?.SpecialToken != null) {
      const name = String(piece.SpecialToken.id);
      if (!known.has(name)) return `its post_processor uses the special token '${name}' without defining it`;
    } else if (piece?.Sequence?.id === 'A') {
      sequences += 1;
    } else {
      return 'its post_processor puts something else than the text and special tokens into the template for one text';
    }
  }
  return sequences === 1 ? undefined : 'its post_processor does not hold the text exactly once';
}

// The library drops the prefix from the right part of each merge without looking whether it is there.
function mergesProblem(model: TokenizerSpec['model']): string | undefined {
  const prefix = model.continuing_subword_prefix;
  const merges = model.merges;
  if (typeof prefix !== 'string' || prefix === '' || !Array.isArray(merges)) return undefined;
  for (const merge of merges as unknown[]) {
    const right = Array.isArray(merge) ? merge[1] : String(merge).split(' ')[1];
    if (!String(right ?? '').startsWith(prefix)) {
      return `its merge ${JSON.stringify(merge)} lacks the continuing_subword_prefix '${prefix}'`;
    }
  }
  return undefined;
}
