// The results as Markdown tables: the median, and min to max beside it.

const number = (value, digits = 3) =>
  value >= 1000 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(digits)).toString();
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const times = (value) => `${value.toFixed(2)} x`;
const megabytes = (value) => `${Math.round(value / 1e6)} MB`;
const spread = ({ median, min, max }, format) => `${format(median)} (${format(min)} to ${format(max)})`;

function table(headings, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line), ''].join('\n');
}

function kernels({ kernels: rows, gemmMeans }) {
  const means = gemmMeans.map(
    ({ backend, precision, shareOfPeak }) =>
      `Matrix products on ${backend} in ${precision}, geometric mean: **${percent(shareOfPeak)}** of the instruction's peak.`,
  );
  const body = rows.map(({ backend, kind, precision, shape, unit, rate, limit, share, torch }) => [
    backend,
    kind,
    precision,
    shape.join(' x '),
    `${number(rate.median)} ${unit}`,
    number(limit.median),
    spread(share, percent),
    torch ? `${times(torch.ratio)} (${times(torch.perRound.median)})` : '',
  ]);
  const headings = [
    'backend',
    'kernel',
    'precision',
    'shape',
    'rate',
    'limit',
    'share of limit',
    'against torch (median of rounds)',
  ];
  return [table(headings, body), ...means.flatMap((text) => [text, ''])].join('\n');
}

function loss({ losses, maxRss }) {
  const rows = losses.map(({ shape, seconds, limit, share, loss: value, torch }) => [
    shape.join(' x '),
    spread(seconds, number),
    number(limit.median),
    spread(share, percent),
    value.toFixed(6),
    torch ? spread(torch.seconds, number) : '',
    torch ? spread(torch.ratio, times) : '',
    torch ? megabytes(torch.peakMemory) : '',
    torch ? torch.loss.toFixed(6) : '',
  ]);
  const headings = ['rows x width', 'seconds', 'peak GFLOP/s', 'share of peak, 8 B² d', 'loss'];
  const torchHeadings = ['torch seconds', 'Likewise against it', 'its memory', 'its loss'];
  return `Memory of this process: at most ${megabytes(maxRss)}.\n\n${table([...headings, ...torchHeadings], rows)}`;
}

function vocabulary({ vocabularies, maxRss }) {
  const rows = vocabularies.flatMap(({ shape, precision, limit, torch, ...parts }) =>
    ['op', 'step'].map((part) => [
      shape.join(' x '),
      precision,
      part === 'op' ? 'one op' : 'forward, then backward',
      spread(parts[part].seconds, number),
      number(limit.median),
      spread(parts[part].share, percent),
      parts[part].loss.toFixed(6),
      torch ? spread(torch.seconds, number) : '',
      torch ? spread(parts[part].ratio, times) : '',
      torch ? megabytes(torch.peakMemory) : '',
      torch ? torch.loss.toFixed(6) : '',
    ]),
  );
  const headings = [
    'positions x words x width',
    'precision',
    'as',
    'seconds',
    'peak GFLOP/s',
    'share of peak, 6 P V d',
  ];
  const others = ['loss', 'torch seconds', 'Likewise against it', 'its memory', 'its loss'];
  return `Memory of this process: at most ${megabytes(maxRss)}.\n\n${table([...headings, ...others], rows)}`;
}

function training({ training: corpora }) {
  const rows = corpora.map(({ name, precision, tokens, tokensPerSecond, share, limit, torch }) => [
    name,
    precision,
    number(tokens),
    spread(tokensPerSecond, number),
    number(limit.median),
    spread(share, percent),
    torch ? number(torch.tokensPerSecond.median) : '',
    torch ? spread(torch.ratio, times) : '',
  ]);
  const headings = [
    'batch',
    'precision',
    'tokens',
    'real tokens/s',
    'peak GFLOP/s',
    'share of peak',
    'torch real tokens/s',
  ];
  return table([...headings, 'Likewise against it'], rows);
}

function pretraining({ pretraining: rounds, maxRss }) {
  const rows = rounds.map(({ name, precision, sequences, length, masked, torch, ...ours }) => [
    name,
    precision,
    `${sequences} x ${length}, ${masked}`,
    spread(ours.seconds, number),
    number((sequences * length) / ours.seconds.median),
    number(ours.limit.median),
    spread(ours.share, percent),
    ours.loss.toFixed(3),
    torch ? spread(torch.seconds, number) : '',
    torch ? spread(torch.ratio, times) : '',
    torch ? megabytes(torch.peakMemory) : '',
    torch ? torch.loss.toFixed(3) : '',
  ]);
  const headings = [
    'model',
    'precision',
    'sequences x tokens, masked',
    'seconds',
    'tokens/s',
    'peak GFLOP/s',
    'share of peak',
  ];
  const others = ['first loss', 'torch seconds', 'Likewise against it', 'its memory', 'its first loss'];
  return `Memory of this process: at most ${megabytes(maxRss)}.\n\n${table([...headings, ...others], rows)}`;
}

const against = (ratios) => (ratios ? `${times(ratios.ratio)} (${times(ratios.perRound.median)})` : '');

/** What was chosen for an engine: the graph, the batch, the backend. */
function settingOf({ graph, backend, batchSize, batchTokens, flashAttention }) {
  const batch = batchSize ? `batch ${batchSize}` : batchTokens && `batch of ${batchTokens} tokens`;
  return [graph ?? backend, batch, flashAttention && 'flash attention'].filter(Boolean).join(', ');
}

function encodeRow(engine) {
  const { stsSpearman } = engine.quality;
  return [
    engine.engine,
    spread(engine.textsPerSecond, number),
    number(engine.tokensPerSecond.median),
    spread(engine.shareOfPeak, percent),
    against(engine.against),
    against(engine.againstInt8),
    engine.maxDifference === undefined ? '' : engine.maxDifference.toExponential(1),
    engine.maxAngle === undefined ? '' : `${engine.maxAngle.toFixed(engine.maxAngle < 0.1 ? 3 : 1)}°`,
    stsSpearman === undefined ? '' : stsSpearman.toFixed(6),
    (engine.cores.reduce((sum, value) => sum + value, 0) / engine.cores.length).toFixed(2),
    engine.resident ? `${megabytes(engine.resident.loaded)}, ${megabytes(engine.resident.last)}` : '',
    settingOf(engine),
  ];
}

function encode({ corpora }) {
  const headings = [
    'engine',
    'texts/s',
    'real tokens/s',
    'share of peak',
    'Likewise against it (median of rounds)',
    'Likewise int8 against it',
    'max difference to Likewise',
    'largest angle',
    'STS-B dev Spearman',
    'cores',
    'memory: loaded, at the end',
    'setting',
  ];
  return corpora
    .map(({ corpus, texts, realTokens, engines }) => {
      const title = `**${corpus}**: ${number(texts)} texts, ${number(realTokens)} tokens`;
      return `${title}\n\n${table(headings, engines.map(encodeRow))}`;
    })
    .join('\n');
}

function latency({ query, engines }) {
  const rows = engines.map(({ calls, p50, p95, ...engine }) => [
    engine.engine,
    number(p50),
    number(p95),
    calls,
    against(engine.against),
    against(engine.againstInt8),
    settingOf(engine),
  ]);
  const headings = [
    'engine',
    'p50 ms',
    'p95 ms',
    'calls',
    'Likewise against it (median of chunks)',
    'Likewise int8 against it',
    'setting',
  ];
  return `Query: “${query}”\n\n${table(headings, rows)}`;
}

function eventLoop({ delays, queries }) {
  const rows = delays.map(({ engine, corpus, p50, p99, max, blockedShare, textsPerSecond }) => [
    engine,
    corpus,
    ...[p50, p99, max].map((value) => number(value)),
    percent(blockedShare),
    number(textsPerSecond),
  ]);
  const loops = table(
    ['engine', 'corpus', 'p50 ms', 'p99 ms', 'max ms', 'time in delays of 20 ms and more', 'texts/s'],
    rows,
  );
  return queries ? `${loops}\n\n${queriesBesideBulk(queries)}` : loops;
}

function queriesBesideBulk({ query, idle, beside }) {
  const rows = beside.map(({ bulk, queries, p50, p99, max, ...bulkRates }) => [
    bulk,
    queries,
    ...[p50, p99, max].map((value) => number(value)),
    times(p50 / idle.p50),
    number(bulkRates.textsPerSecondAlone),
    number(bulkRates.textsPerSecond),
    percent(bulkRates.textsPerSecond / bulkRates.textsPerSecondAlone),
    percent(bulkRates.queriesShare),
  ]);
  const headings = [
    'beside',
    'queries',
    'p50 ms',
    'p99 ms',
    'max ms',
    'p50 against idle',
    'bulk alone, texts/s',
    'bulk beside queries, texts/s',
    'ratio',
    'what the queries compute, share of time',
  ];
  return `Query: “${query}”, idle p50 ${number(idle.p50)} ms, p99 ${number(idle.p99)} ms\n\n${table(headings, rows)}`;
}

function memory(result) {
  const rows = result.samples.map(({ texts, rss, heapUsed, bytesHeld, poolMisses, seconds }) => [
    number(texts),
    number(seconds),
    megabytes(rss),
    megabytes(heapUsed),
    megabytes(bytesHeld),
    poolMisses,
  ]);
  const { textsPerSecond, warmRss, lastRss, maxRss, poolMissesPerBatch, eventLoop: delay } = result;
  const facts = [
    `${number(textsPerSecond)} texts/s`,
    `RSS ${megabytes(warmRss)} warm, ${megabytes(lastRss)} at the end, at most ${megabytes(maxRss)}`,
    `${number(poolMissesPerBatch)} pool misses per batch once warm`,
    `event-loop delay p99 ${number(delay.p99)} ms, at most ${number(delay.max)} ms`,
  ];
  return `${facts.join('; ')}.\n\n${table(['texts', 'seconds', 'RSS', 'JavaScript heap', 'pool', 'pool misses'], rows)}`;
}

function covariance({ rows, dim, backend, seconds, share, peer, ratio, perRound, samples }) {
  const milliseconds = (value) => `${number(1000 * value)} ms`;
  const against = peer
    ? [spread(peer, milliseconds), `${times(ratio)} (${times(perRound.median)})`]
    : ['', ''];
  const body = [[backend, spread(seconds, milliseconds), spread(share, percent), ...against]];
  const headings = [
    'backend',
    'Likewise',
    'share of peak',
    'np.cov',
    'Likewise against it (median of rounds)',
  ];
  const memory = samples.map(({ rows: seen, rss }) => [number(seen), megabytes(rss)]);
  return `${number(rows)} x ${dim}\n\n${table(headings, body)}\nA fit over a stream:\n\n${table(['rows', 'RSS'], memory)}`;
}

function eigen({ backend, sizes }) {
  const milliseconds = (value) => `${number(1000 * value)} ms`;
  const rows = sizes.flatMap(({ dim, residual, orthogonality, seconds, peers }) => [
    [
      dim,
      `Likewise (${backend})`,
      spread(seconds, milliseconds),
      '',
      residual.toExponential(1),
      orthogonality.toExponential(1),
    ],
    ...peers.map((peer) => [
      dim,
      peer.name,
      spread(peer.seconds, milliseconds),
      `${times(peer.ratio)} (${times(peer.perRound.median)})`,
      '',
      '',
    ]),
  ]);
  return table(
    ['dimension', 'solver', 'time', 'Likewise against it (median of rounds)', 'residual', 'orthogonal to'],
    rows,
  );
}

const sections = {
  kernels: ['Kernels', kernels],
  training: ['Training step, SimCSE', training],
  pretraining: ['Pretraining step, masked words and next sentences', pretraining],
  loss: ['Contrastive loss, both directions, forward and backward', loss],
  vocabulary: ['Cross-entropy over a vocabulary, forward and backward', vocabulary],
  covariance: ['Covariance', covariance],
  eigen: ['Symmetric eigen-decomposition, float64', eigen],
  encode: ['Encoding', encode],
  latency: ['One short query', latency],
  'event-loop': ['Event loop while encoding', eventLoop],
  memory: ['Memory over a long stream', memory],
};

/** @param plotFiles names of the plots beside the file */
export function markdown({ environment, missing, cases }, plotFiles) {
  const { cpu, threads, cores, backend, node, likewise, commit, uncommittedChanges, load, date, peers } =
    environment;
  const head = [
    `# Benchmark on ${cpu}`,
    `${date}, ${threads} threads on ${cores} cores, ${backend}, Node ${node}, likewise ${likewise}, commit ${commit}` +
      `${uncommittedChanges ? ' with uncommitted changes' : ''}, load before ${load[0].toFixed(2)}.`,
    `Peers: ${Object.entries(peers)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    ...missing.map(({ peer, reason }) => `**Without ${peer}**: ${reason}.`),
    ...plotFiles.map(
      (file) =>
        `![${file.endsWith('-quality.svg') ? 'Speed against quality' : 'Speed and share of peak'}](${file})`,
    ),
  ];
  const body = Object.entries(cases).map(([name, result]) => {
    const [title, render] = sections[name];
    const duration = result.caseSeconds ? `\n\nTook ${number(result.caseSeconds)} s.` : '';
    return `## ${title}${duration}\n\n${result.failure ? `**Failed**: ${result.failure}` : render(result)}`;
  });
  return `${[...head, ...body].join('\n\n').trimEnd()}\n`;
}
