// Sentences with words left out and what the model puts there, before and after, a card for each: the words that were left
// out stand dark in the sentence, below it the guesses at each, the right one dark.
import { escapeHtml } from '../../report/html.ts';
import type { Example, Guess } from '../examples.ts';

/** What the model said to the same texts at one time. */
export interface ExampleColumn {
  title: string;
  examples: readonly Example[];
}

const card = 'border:1px solid #e6e6e6;border-radius:6px;padding:.7rem 1rem;break-inside:avoid';
const cards = 'display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:1rem';
const cell = 'padding-right:.6rem;overflow-wrap:anywhere';

function guessesHtml(guesses: readonly Guess[], right: string): string {
  const lines = guesses.map(({ word, probability }) => {
    const share = `<span style="color:#777">${Math.round(100 * probability)} %</span>`;
    return `<div>${word === right ? `<b>${escapeHtml(word)}</b>` : escapeHtml(word)} ${share}</div>`;
  });
  return `<td style="${cell}">${lines.join('')}</td>`;
}

/** The cards as HTML. @param columns with the same texts each */
export function exampleCards(columns: readonly ExampleColumn[]): string {
  const [first] = columns;
  const heads = columns.map(({ title }) => `<th style="${cell}">${escapeHtml(title)}</th>`);
  const sections = (first?.examples ?? []).map(({ text, places }, index) => {
    const sentence = text.map((piece, at) => {
      const word = places[at];
      return escapeHtml(piece) + (word === undefined ? '' : `<mark>${escapeHtml(word.right)}</mark>`);
    });
    const rows = places.map(({ right }, place) => {
      const guesses = columns.map(({ examples }) =>
        guessesHtml(examples[index]?.places[place]?.guesses ?? [], right),
      );
      return `<tr><td style="${cell}"><mark>${escapeHtml(right)}</mark></td>${guesses.join('')}</tr>`;
    });
    const table = `<table class="words" style="width:100%;table-layout:fixed;font-size:.9rem"><tr><th>left out</th>${heads.join('')}</tr>${rows.join('')}</table>`;
    return `<section style="${card}"><p>${sentence.join('')}</p>${table}</section>`;
  });
  return `<div style="${cards}">\n${sections.join('\n')}\n</div>`;
}
