// Which peers can run here. One that cannot is named with the reason, on stderr and in the results: a table without a
// peer must not look as if there were none.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const bench = join(import.meta.dirname, '..');

/** The files given, or every one of that extension in the bench folder. */
function findFiles(files, extension) {
  if (files) return files;
  return readdirSync(bench)
    .filter((name) => name.endsWith(extension))
    .map((name) => join(bench, name));
}

/** Graphs that `export-onnx.py --quantize` made, by their names. */
const isInt8 = (file) => /\bint8\b/.test(basename(file));

const ggufType = /\b(f32|q8_0)\.gguf$/i;

/** llama.cpp's files; the type of the weights is the end of the name, as its converter writes it. */
function describeGguf(file) {
  const type = basename(file).match(ggufType)[1].toUpperCase();
  return { file, type, precision: type === 'F32' ? 'float32' : 'int8' };
}

const whyNoFiles = (files) => {
  const absent = files.find((file) => !existsSync(file));
  return absent && `no file ${absent}`;
};

function whyNoGraphs(graphs) {
  if (graphs.length === 0) return 'no such .onnx file: make one with export-onnx.py, or pass --onnx FILE';
  return whyNoFiles(graphs);
}

function whyNoGguf(files) {
  if (files.length === 0)
    return 'no .gguf file: convert the model as peers/README.md says, or pass --gguf FILE';
  const other = files.find((file) => !ggufType.test(basename(file)));
  if (other) return `expected names that end in f32.gguf or q8_0.gguf but received ${other}`;
  return whyNoFiles(files);
}

function whyNoOnnxruntime() {
  try {
    import.meta.resolve('onnxruntime-node');
    return undefined;
  } catch {
    return 'not installed: run "npm install" in bench';
  }
}

/** Versions of the modules in that Python, or why it cannot be used. */
function inspectPython(python, modules) {
  if (!existsSync(python)) return { reason: `no Python at ${python}: see peers/README.md, or pass --python` };
  const code = `
import importlib.metadata as m, json, platform
found = {"python": platform.python_version()}
for name in ${JSON.stringify(modules)}:
    try: found[name] = m.version(name)
    except m.PackageNotFoundError: pass
print(json.dumps(found))`;
  try {
    const versions = JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8' }));
    const absent = modules.filter((name) => !versions[name]);
    return { versions, absent };
  } catch (error) {
    return { reason: error.message.split('\n')[0] };
  }
}

const versionHere = (name) =>
  JSON.parse(readFileSync(join(bench, 'node_modules', name, 'package.json'), 'utf8')).version;

/**
 * `onnx` and `onnxInt8` (graphs), `gguf` (llama.cpp's), `python`, `torch`, `sentenceTransformers`: what can run; `bfloat16`:
 * whether anybody takes part in it; `versions`; and what is `missing`, and why.
 *
 * @param environment of ../environment.mjs
 */
export function findPeers(options, { nativeBFloat16 }) {
  const { python = join(bench, '.venv/bin/python') } = options;
  const gguf = findFiles(options.gguf, '.gguf');
  const files = findFiles(options.onnx, '.onnx');
  const graphs = files.filter((file) => !isInt8(file));
  const int8Graphs = files.filter(isInt8);
  const found = inspectPython(python, [
    'numpy',
    'torch',
    'sentence-transformers',
    'transformers',
    'llama-cpp-python',
  ]);
  const lacking = (name) =>
    found.reason ?? (found.absent.includes(name) ? `${python} lacks ${name}` : undefined);
  const reasons = {
    'onnxruntime-node': whyNoOnnxruntime() ?? whyNoGraphs(graphs),
    'onnxruntime-node int8': whyNoOnnxruntime() ?? whyNoGraphs(int8Graphs),
    'sentence-transformers': lacking('sentence-transformers') ?? lacking('torch'),
    'llama.cpp': lacking('llama-cpp-python') ?? whyNoGguf(gguf),
    'bfloat16 of Likewise, sentence-transformers and torch': nativeBFloat16
      ? undefined
      : 'this processor has no instructions for it (AVX-512-BF16 or AMX), so all would emulate it',
    torch: lacking('torch'),
    numpy: lacking('numpy'),
  };
  const onnxVersions = reasons['onnxruntime-node']
    ? {}
    : { 'onnxruntime-node': versionHere('onnxruntime-node') };
  return {
    onnx: reasons['onnxruntime-node'] ? undefined : graphs,
    onnxInt8: reasons['onnxruntime-node int8'] ? undefined : int8Graphs,
    gguf: reasons['llama.cpp'] ? undefined : gguf.map(describeGguf),
    bfloat16: nativeBFloat16,
    python,
    sentenceTransformers: !reasons['sentence-transformers'],
    torch: !reasons.torch,
    numpy: !reasons.numpy,
    versions: { tokenizers: versionHere('tokenizers'), ...onnxVersions, ...found.versions },
    missing: Object.entries(reasons)
      .filter(([, reason]) => reason)
      .map(([peer, reason]) => ({ peer, reason })),
  };
}
