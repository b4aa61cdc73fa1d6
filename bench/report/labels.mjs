// Labels beside the points of a plot, none over another label, a point or a line that leads from a label back to its
// point: one after the other takes the free place that is nearest to its point. Which is best depends on who comes first,
// so some orders are tried and the one kept whose labels are all placed, and nearest.

const padding = 3;
const gap = 12; // between a point and a label beside it
const step = 6; // from one distance above or below it to the next
const orders = 100;

const overlap = (a, b) =>
  a.left < b.right + padding &&
  b.left < a.right + padding &&
  a.top < b.bottom + padding &&
  b.top < a.bottom + padding;

/** Boxes to try for the label, with their cost: beside the point, then ever farther above and below it. */
function places({ x, y, width, height }) {
  const at = (left, middle, cost) => ({
    left,
    right: left + width,
    top: middle - height / 2,
    bottom: middle + height / 2,
    cost,
  });
  const boxes = [at(x + gap, y, 0), at(x - gap - width, y, 0)];
  for (let distance = gap + 6 + height / 2; distance < 200; distance += step)
    for (const middle of [y - distance, y + distance])
      for (const aside of [0, -0.25, 0.25, -0.5, 0.5, -0.8, 0.8])
        boxes.push(at(x + (aside - 0.5) * width, middle, distance + 40 * Math.abs(aside)));
  return boxes.sort((a, b) => a.cost - b.cost);
}

/** Where the line from a point to its label ends: on the label's nearest edge; nowhere for a label beside it. */
export function leaderEnd({ x, y }, { left, right, top, bottom }) {
  if (y >= top && y <= bottom) return undefined;
  return { x: Math.min(Math.max(x, left + 8), right - 8), y: y > bottom ? bottom : top };
}

/** The line to a label as small boxes, without its ends, which touch. */
function leaderBoxes(point, box) {
  const end = leaderEnd(point, box);
  if (!end) return [];
  return Array.from({ length: 15 }, (_, index) => {
    const share = (index + 4) / 20;
    const [x, y] = [point.x + share * (end.x - point.x), point.y + share * (end.y - point.y)];
    return { left: x, right: x, top: y, bottom: y };
  });
}

/** A box for each of the points, which come in that order, and what they cost together. */
function place(points, obstacles, area) {
  const labels = [];
  const leaders = [];
  for (const point of points) {
    const fits = (box) =>
      box.left >= area.left &&
      box.right <= area.right &&
      box.top >= area.top &&
      box.bottom <= area.bottom &&
      ![...obstacles, ...labels, ...leaders].some((other) => overlap(box, other)) &&
      !leaderBoxes(point, box).some((part) => labels.some((label) => overlap(part, label)));
    const boxes = places(point);
    const box = boxes.find(fits) ?? { ...boxes[0], cost: 1e4 };
    labels.push(box);
    leaders.push(...leaderBoxes(point, box));
  }
  return { labels, cost: labels.reduce((sum, { cost }) => sum + cost, 0) };
}

/** The numbers below `count`, shuffled in a way that depends on `seed` alone. */
function shuffled(count, seed) {
  let state = seed;
  const keys = Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  });
  return keys.map((_, index) => index).sort((a, b) => keys[a] - keys[b]);
}

/**
 * @param points `x`, `y`, and the `width` and `height` of their labels
 * @param obstacles boxes that labels keep away from: `left`, `right`, `top`, `bottom`
 * @param area the box in which they stay
 * @returns a box for each
 */
export function placeLabels(points, obstacles, area) {
  let best = { cost: Infinity };
  for (let seed = 0; seed < orders; seed++) {
    const order = shuffled(points.length, seed);
    const { labels, cost } = place(
      order.map((index) => points[index]),
      obstacles,
      area,
    );
    if (cost < best.cost) best = { cost, boxes: points.map((_, index) => labels[order.indexOf(index)]) };
  }
  return best.boxes;
}
