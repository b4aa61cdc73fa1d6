// The demo's report: one HTML file with the figures, the loss curve, and how definitions lie to one another before and
// after. Page and charts are those of Likewise's own reports.

import { BEFORE_AFTER, PALETTE } from '../dist/report/html.js';
import { lineChart } from '../dist/report/line-chart.js';
import { neighbourCards } from '../dist/report/neighbours.js';
import { chartsHtml, pageHtml, tableHtml, tilesHtml } from '../dist/report/page.js';
import { pairedBars } from '../dist/report/paired-bars.js';
import { scatterChart } from '../dist/report/scatter-chart.js';
import { sharesOfTopic, topics } from './topics.mjs';

const states = ['before', 'after'];
const shown = 3; // neighbours on a card
const colourOf = (topic) => PALETTE[topics.indexOf(topic)];
const legend = topics.map((topic) => ({ name: topic, color: colourOf(topic) }));
const percent = (value) => `${(100 * value).toFixed(1)} %`;

/**
 * @param run { seconds, about, losses, retrieval: { before, after }, answers, synsets,
 *   spaces: { before, after } of { points, nearest } }
 * @returns HTML
 */
export function report({ seconds, about, losses, retrieval, answers, synsets, spaces }) {
  const { before, after } = retrieval;
  const sections = [
    tilesHtml([
      {
        figure: `${percent(before.ten)} → ${percent(after.ten)}`,
        text: 'of held-out definitions find their word among the first ten of 1,000',
      },
      {
        figure: `${percent(meanShare(synsets, spaces.before))} → ${percent(meanShare(synsets, spaces.after))}`,
        text: `of a definition's five nearest neighbours have the same topic, out of ${topics.length}`,
      },
    ]),
    '<h2>The space of definitions</h2>',
    `<p class="note">${synsets.length} definitions held out from training, coloured by WordNet’s topics and drawn in two dimensions by t-SNE. Neighbours stay neighbours; distances between groups say little.</p>`,
    chartsHtml(states.map((state) => mapOf(state, synsets, spaces[state]))),
    chartsHtml([
      {
        caption: 'Neighbours about the same topic',
        note: 'The share among the five nearest definitions of each; by chance it would be one in eight.',
        legend: states.map((name) => ({ name, color: BEFORE_AFTER[name] })),
        chart: pairedBars(bars(synsets, spaces)),
      },
      {
        caption: 'Loss',
        note: 'The loss of each step, and the mean of the steps around it.',
        chart: lossChart(losses),
      },
    ]),
    '<h2>Definitions and their neighbours</h2>',
    '<p class="note">For each topic, the definition with the most neighbours of the same topic after training. The colour of the dot is the topic, as above.</p>',
    neighbourCards(examples(synsets, spaces)),
    '<h2>From a definition to its word</h2>',
    tableHtml([
      ['held-out definitions', 'before', 'after'],
      ['right word first', percent(before.first), percent(after.first)],
      ['right word among the first ten', percent(before.ten), percent(after.ten)],
      ['mean reciprocal rank', before.rank.toFixed(3), after.rank.toFixed(3)],
    ]),
    '<h2>Questions and the nearest words</h2>',
    tableHtml(
      [['question', 'nearest words'], ...answers.map(({ query, words }) => [query, words.join(', ')])],
      'words',
    ),
  ];
  return pageHtml({
    title: `A sentence encoder from scratch, in ${Math.round(seconds)} seconds`,
    lead: about,
    sections,
  });
}

function meanShare(synsets, { nearest }) {
  const shares = sharesOfTopic(synsets, nearest);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function bars(synsets, { before, after }) {
  const [left, right] = [before, after].map(({ nearest }) => sharesOfTopic(synsets, nearest));
  return topics.map((name, index) => ({ name, before: left[index], after: right[index] }));
}

/** A definition of each topic: the one whose neighbours are most of its topic afterwards, the first of equals. */
function examples(synsets, { before, after }) {
  const own = (index) =>
    after.nearest[index].filter((other) => synsets[other].topic === synsets[index].topic);
  const card = (index) => ({
    name: synsets[index].words[0],
    detail: synsets[index].definition,
    color: colourOf(synsets[index].topic),
  });
  return topics.map((topic) => {
    const candidates = [...synsets.keys()].filter((index) => synsets[index].topic === topic);
    const best = candidates.reduce((first, index) => (own(index).length > own(first).length ? index : first));
    const neighbours = ({ nearest }) => nearest[best].slice(0, shown).map(card);
    return { ...card(best), before: neighbours(before), after: neighbours(after) };
  });
}

function mapOf(state, synsets, { points }) {
  const chart = scatterChart(
    points.map(([x, y], index) => {
      const { topic, words, definition } = synsets[index];
      return { x, y, color: colourOf(topic), title: `${words[0]}: ${definition}` };
    }),
    `Definitions, ${state}, by topic`,
  );
  return { caption: state === 'before' ? 'Before: random weights' : 'After training', legend, chart };
}

const lossChart = (losses) =>
  lineChart(
    [{ name: 'loss', color: PALETTE[0], points: losses.map((loss, index) => [index + 1, loss]), smooth: 15 }],
    { xLabel: 'step', yLabel: 'loss', fromZero: true },
  );
