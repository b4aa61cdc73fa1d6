// The report of a space: one HTML file that loads nothing, escapes what it is given, and colours by score or label.
import { expect, it } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { measureSpace } from '../../src/eval/space.ts';
import { spaceReportHtml } from '../../src/report/space-report.ts';
import { Random } from '../ops/random.ts';

const vectors = new Embeddings(new Random(1).normals(40 * 6), 40, 6);
const texts = Array.from({ length: 40 }, (_, i) => (i === 0 ? '<script>alert("&")</script>' : `text ${i}`));

async function report(marks?: (number | string)[]) {
  const space = await measureSpace(vectors);
  return spaceReportHtml({ title: 'A <space>', description: 'd', before: space, after: space, texts, marks });
}

it('escapes texts and title and needs no other file', async () => {
  const html = await report();
  expect(html).toContain('<h1>A &lt;space&gt;</h1>');
  expect(html).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;');
  expect(html).not.toMatch(/<script|src=|href=|@import/);
  expect(html.match(/<circle /g)?.length).toBe(80);
  expect(html).not.toMatch(/NaN|undefined|Infinity/);
});

it('colours scores from blue to red, and labels by their frequency', async () => {
  const scored = await report(texts.map((_, i) => i / 8));
  expect(scored).toContain('fill="hsl(220 70% 45%)"');
  expect(scored).toContain('fill="hsl(0 70% 45%)"');
  expect(scored).toContain('score 4.875</span>');
  const labelled = await report(texts.map((_, i) => `label ${i % 12}`));
  expect(labelled).toContain('5 others');
  expect(await report(texts.map((_, i) => (i % 2 === 0 ? 'a' : 'b')))).toMatch(
    /<\/i>a<\/span>.*<\/i>b<\/span>/,
  );
});

it('survives vectors that do not differ in one direction', async () => {
  const flat = new Embeddings(Float32Array.of(1, 0, 2, 0, 3, 0), 3, 2);
  const space = await measureSpace(flat);
  const html = spaceReportHtml({
    title: 't',
    description: 'd',
    before: space,
    after: space,
    texts: ['a', 'b', 'c'],
  });
  expect(html).not.toMatch(/NaN|Infinity/);
});

it('the axis of the spectrum ends at the rank, beyond which there is rounding only', async () => {
  const flat = new Random(2).normals(40 * 6);
  for (let row = 0; row < 40; row++) flat.fill(0.5, row * 6 + 3, row * 6 + 6); // three of six components do not differ
  const space = await measureSpace(new Embeddings(flat, 40, 6));
  expect(space.measures.rank).toBe(3);
  const html = spaceReportHtml({ title: 't', description: 'd', before: space, after: space, texts });
  const [lines] = html.match(/<svg[^>]*aria-label="before, after: share of variance.*?<\/svg>/) ?? [''];
  expect(lines.match(/<text class="middle"[^>]*>[\d.]+<\/text>/g)?.at(-1)).toMatch(/>3<\/text>/);
  const [, points = ''] = lines.match(/<polyline points="([^"]*)"/) ?? [];
  expect(points.split(' ')).toHaveLength(3);
  expect(html).toContain('<td>rank</td><td>3</td><td>3</td>');
});
