// Which peers can run here. One that cannot is named with the reason, on stderr and in the results: a table without a
// peer must not look as if there were none.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const bench = join(import.meta.dirname, '..');

/** The graphs given, or every .onnx file in the bench folder. */
function findGraphs(files) {
  if (files) return files;
  return readdirSync(bench)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(bench, name));
}

/** Graphs that `export-onnx.py --quantize` made, by their names. */
const isInt8 = (file) => /\bint8\b/.test(basename(file));

function whyNoGraphs(graphs) {
  const absent = graphs.find((file) => !existsSync(file));
  if (absent) return `no file ${absent}`;
  if (graphs.length === 0) return 'no such .onnx file: make one with export-onnx.py, or pass --onnx FILE';
  return undefined;
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

/** `onnx` and `onnxInt8` (graphs), `python`, `torch`, `sentenceTransformers`: what can run; `versions`; and what is `missing`, and why. */
export function findPeers({ onnx, python = join(bench, '.venv/bin/python') }) {
  const files = findGraphs(onnx);
  const graphs = files.filter((file) => !isInt8(file));
  const int8Graphs = files.filter(isInt8);
  const found = inspectPython(python, ['numpy', 'torch', 'sentence-transformers', 'transformers']);
  const lacking = (name) =>
    found.reason ?? (found.absent.includes(name) ? `${python} lacks ${name}` : undefined);
  const reasons = {
    'onnxruntime-node': whyNoOnnxruntime() ?? whyNoGraphs(graphs),
    'onnxruntime-node int8': whyNoOnnxruntime() ?? whyNoGraphs(int8Graphs),
    'sentence-transformers': lacking('sentence-transformers') ?? lacking('torch'),
    torch: lacking('torch'),
    numpy: lacking('numpy'),
  };
  const onnxVersions = reasons['onnxruntime-node']
    ? {}
    : { 'onnxruntime-node': versionHere('onnxruntime-node') };
  return {
    onnx: reasons['onnxruntime-node'] ? undefined : graphs,
    onnxInt8: reasons['onnxruntime-node int8'] ? undefined : int8Graphs,
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
