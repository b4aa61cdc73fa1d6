// Vectors as points of a plane: their first two principal components, by power iteration on the centred vectors.

/** @returns [x, y] of each vector */
export function project(vectors) {
  const width = vectors[0].length;
  const mean = new Float64Array(width);
  for (const vector of vectors) for (let at = 0; at < width; at++) mean[at] += vector[at] / vectors.length;
  const centred = vectors.map((vector) => Float64Array.from(vector, (value, at) => value - mean[at]));
  const axes = [];
  for (let axis = 0; axis < 2; axis++) {
    let direction = Float64Array.from({ length: width }, (_, at) => Math.sin(at + axis + 1));
    for (let round = 0; round < 60; round++) {
      const next = new Float64Array(width);
      for (const vector of centred) {
        const along = dot(vector, direction);
        for (let at = 0; at < width; at++) next[at] += along * vector[at];
      }
      for (const other of axes) {
        const along = dot(next, other);
        for (let at = 0; at < width; at++) next[at] -= along * other[at];
      }
      const length = Math.hypot(...next) || 1;
      direction = next.map((value) => value / length);
    }
    axes.push(direction);
  }
  return centred.map((vector) => axes.map((axis) => dot(vector, axis)));
}

function dot(left, right) {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += left[at] * right[at];
  return sum;
}
