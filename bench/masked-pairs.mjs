// Pairs of segments with masked words, as BERT is pretrained on, that look random and are the same every time.

const [cls, sep, mask] = [101, 102, 103]; // of BERT's English vocabulary
const words = { first: 1000, count: 28000 };

/** Whole numbers below a limit (Numerical Recipes' generator; its high bits). */
function generator() {
  let state = 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** `count` of the places between [CLS] and [SEP] of a sequence, rising. */
function chosenPlaces(below, length, count) {
  const middle = length >> 1;
  const places = Array.from({ length }, (_, at) => at).filter((at) => ![0, middle, length - 1].includes(at));
  for (let at = 0; at < count; at++) {
    const other = at + below(places.length - at);
    [places[at], places[other]] = [places[other], places[at]];
  }
  return places.slice(0, count).sort((a, b) => a - b);
}

/**
 * Sequences `[CLS] … [SEP] … [SEP]` of one length, two segments of equal size each. Of the chosen words 80 % become [MASK],
 * 10 % another word, 10 % stay.
 *
 * @param masked words chosen in each sequence
 * @returns a batch of src/objectives/pretraining.ts
 */
export function maskedPairs({ sequences, length, masked }) {
  const below = generator();
  const word = () => words.first + below(words.count);
  const [middle, last] = [length >> 1, length - 1];
  const special = new Map([
    [0, cls],
    [middle, sep],
    [last, sep],
  ]);
  const tokens = sequences * length;
  const tokenIds = Int32Array.from({ length: tokens }, (_, at) => special.get(at % length) ?? word());
  const maskedPlaces = Int32Array.from(
    Array.from({ length: sequences }, (_, sequence) =>
      chosenPlaces(below, length, masked).map((place) => sequence * length + place),
    ).flat(),
  );
  const maskedWords = maskedPlaces.map((place) => tokenIds[place]);
  for (const place of maskedPlaces) {
    const fate = below(10);
    if (fate < 8) tokenIds[place] = mask;
    else if (fate === 8) tokenIds[place] = word();
  }
  return {
    tokenIds,
    offsets: Int32Array.from({ length: sequences + 1 }, (_, sequence) => sequence * length),
    segmentIds: Int32Array.from({ length: tokens }, (_, at) => Number(at % length > middle)),
    maskedPlaces,
    maskedWords,
    nextSentence: Int32Array.from({ length: sequences }, (_, sequence) => sequence % 2),
  };
}
