// The README.md of a written model: what it is, how to load it, and the pipeline in words.

import type { ModelFolderContent } from './model-folder-content.ts';

/** A model card in Markdown with the front matter the Hugging Face hub reads. */
export function modelCard(content: ModelFolderContent, dimension: number): string {
  const { config, modules, maxSequenceLength, similarity } = content;
  const steps = modules.map((module) => {
    if (module.kind === 'pooling') return `pooling: ${module.modes.join(' + ')}`;
    if (module.kind === 'dense') {
      return `dense: ${module.inFeatures} to ${module.outFeatures}, activation ${module.activation}`;
    }
    return 'L2 normalisation';
  });
  return `---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
- feature-extraction
- sentence-similarity
---

# Sentence encoder

Maps a text to a vector of ${dimension} numbers; compare vectors by ${similarity ?? 'cosine'} similarity.

- Encoder: ${config.modelType}, ${config.layers} layers, hidden size ${config.hiddenSize}, ${config.heads} heads
- Maximum length: ${maxSequenceLength} tokens
${content.precision === 'int8' ? '- Weights: int8, a scale per row, in the layout of compressed-tensors\n' : ''}${steps.map((step, i) => `- Step ${i + 1}: ${step}`).join('\n')}

\`\`\`js
import { SentenceEncoder } from 'likewise';

const encoder = await SentenceEncoder.load('path/to/this/folder');
const embeddings = await encoder.encode(['first text', 'second text']);
\`\`\`

\`\`\`python
${pythonImports(content)}

model = SentenceTransformer(${pythonArguments(content)})
embeddings = model.encode(['first text', 'second text'])
\`\`\`
`;
}

// sentence-transformers 6.2 calls the model past compressed-tensors' hook, so that the weights must be floats beforehand.
function pythonImports({ precision }: ModelFolderContent): string {
  const own = 'from sentence_transformers import SentenceTransformer';
  if (precision !== 'int8') return own;
  return `${own}\nfrom transformers.utils.quantization_config import CompressedTensorsConfig  # and the package compressed-tensors`;
}

function pythonArguments({ precision }: ModelFolderContent): string {
  const folder = "'path/to/this/folder'";
  if (precision !== 'int8') return folder;
  return `${folder}, model_kwargs={'quantization_config': CompressedTensorsConfig(dequantize=True)}`;
}

/** The card of an encoder with the heads that it was pretrained with. @param architecture of transformers */
export function pretrainedCard(
  { config, maxSequenceLength }: ModelFolderContent,
  architecture: string,
): string {
  return `---
library_name: transformers
pipeline_tag: ${config.causal === true ? 'text-generation' : 'fill-mask'}
---

# Pretrained encoder

- Encoder: ${config.modelType}, ${config.layers} layers, hidden size ${config.hiddenSize}, ${config.heads} heads
- Maximum length: ${maxSequenceLength} tokens
- Heads: those of ${architecture}; \`cls.span_boundary.*\`, if there, is SpanBERT's span boundary head

\`\`\`python
from transformers import ${architecture}

model = ${architecture}.from_pretrained('path/to/this/folder')
\`\`\`

It is a place to start from: train it further for a task, or for sentence vectors with \`likewise train\`.
`;
}
