// Vectors as points of a plane by t-SNE (van der Maaten and Hinton 2008), exact, for some hundreds of them: who is near
// whom in the space is near in the plane. Distances between groups say little.

const perplexity = 15;
const rounds = 500;
const early = 100; // rounds in which attraction is exaggerated, so that groups find one another
const rate = 150;

/** @returns [x, y] of each unit vector */
export function project(vectors) {
  const count = vectors.length;
  const attraction = neighbourhoods(vectors);
  const place = Float64Array.from({ length: 2 * count }, (_, index) => 1e-2 * Math.sin(index * index + 1));
  const speed = new Float64Array(2 * count);
  const closeness = new Float64Array(count * count);
  for (let round = 0; round < rounds; round++) {
    const total = studentT(place, closeness);
    const exaggeration = round < early ? 6 : 1;
    const momentum = round < early ? 0.5 : 0.8;
    for (let i = 0; i < count; i++) {
      let [across, down] = [0, 0];
      for (let j = 0; j < count; j++) {
        const near = closeness[i * count + j];
        const force = (exaggeration * attraction[i * count + j] - near / total) * near;
        across += force * (place[2 * i] - place[2 * j]);
        down += force * (place[2 * i + 1] - place[2 * j + 1]);
      }
      speed[2 * i] = momentum * speed[2 * i] - rate * across;
      speed[2 * i + 1] = momentum * speed[2 * i + 1] - rate * down;
    }
    for (let index = 0; index < place.length; index++) place[index] += speed[index];
  }
  return vectors.map((_, index) => [place[2 * index], place[2 * index + 1]]);
}

/** 1 / (1 + distance²) of all pairs, 0 with itself, and their sum. */
function studentT(place, closeness) {
  const count = place.length / 2;
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const near = 1 / (1 + (place[2 * i] - place[2 * j]) ** 2 + (place[2 * i + 1] - place[2 * j + 1]) ** 2);
      closeness[i * count + j] = near;
      closeness[j * count + i] = near;
      total += 2 * near;
    }
  }
  return total;
}

/** The probability of each pair to be neighbours: Gaussian, as wide as to have `perplexity` neighbours, made symmetric. */
function neighbourhoods(vectors) {
  const count = vectors.length;
  const one = vectors.map((vector, row) => {
    const distances = vectors.map((other) =>
      vector.reduce((sum, value, at) => sum + (value - other[at]) ** 2, 0),
    );
    return conditional(distances, row);
  });
  const result = new Float64Array(count * count);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) result[i * count + j] = (one[i][j] + one[j][i]) / (2 * count);
  return result;
}

/** Bisects the precision until the entropy is log(perplexity). */
function conditional(distances, self) {
  let [low, high, precision] = [0, Number.POSITIVE_INFINITY, 1];
  let shares = [];
  for (let round = 0; round < 50; round++) {
    const weights = distances.map((distance, index) =>
      index === self ? 0 : Math.exp(-distance * precision),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0) || 1e-300;
    shares = weights.map((weight) => weight / sum);
    const entropy = shares.reduce((total, share) => total - (share > 0 ? share * Math.log(share) : 0), 0);
    if (entropy > Math.log(perplexity)) low = precision;
    else high = precision;
    precision = high === Number.POSITIVE_INFINITY ? precision * 2 : (low + high) / 2;
  }
  return shares;
}
