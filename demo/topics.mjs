// How definitions that the encoder has not learned from lie to one another: which are nearest to each, and how many of
// those are about the same topic.

/** WordNet's topics that are taken, in the order of their colours. */
export const topics = ['people', 'artifacts', 'plants', 'feelings', 'food', 'places', 'animals', 'body'];

const perTopic = 40;
const lengths = { least: 20, most: 70 }; // characters, so that they can be shown whole

/** Definitions to hold out for the picture, as many of each topic: of words with other definitions, which stay. */
export function chooseDefinitions(synsets, senses) {
  return topics.flatMap((topic, place) => {
    const found = synsets.filter(
      ({ topic: its, words: [word], definition }) =>
        its === topic &&
        senses.get(word) > 1 &&
        definition.length >= lengths.least &&
        definition.length <= lengths.most,
    );
    const step = found.length / perTopic;
    return Array.from({ length: perTopic }, (_, index) => found[Math.floor((index + place / 10) * step)]);
  });
}

/**
 * Unit vectors of the definitions, and of each the `count` nearest others by cosine.
 * @returns {Promise<{ vectors: Float32Array[], nearest: number[][] }>}
 */
export async function nearestDefinitions(encoder, synsets, count) {
  const texts = synsets.map(({ definition }) => definition);
  const encoded = await encoder.encode(texts, { normalize: true });
  const cosines = await encoder.similarity(encoded, encoded);
  const nearest = texts.map((_, row) =>
    [...cosines.row(row).entries()]
      .filter(([column]) => column !== row)
      .sort((left, right) => right[1] - left[1])
      .slice(0, count)
      .map(([column]) => column),
  );
  return { vectors: texts.map((_, row) => encoded.row(row)), nearest };
}

/** Of the nearest definitions, the share about the same topic: for each topic. */
export function sharesOfTopic(synsets, nearest) {
  return topics.map((topic) => {
    const own = nearest.filter((_, index) => synsets[index].topic === topic).flat();
    return own.filter((index) => synsets[index].topic === topic).length / own.length;
  });
}
