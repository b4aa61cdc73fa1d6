// What a task can show of its model beside figures: sentences with words left out, and what the model puts there. They stand
// in a run's log as they were before the first step and after the last, and in its report beside one another.

/** One of the words that the model thinks likely. */
export interface Guess {
  word: string;
  /** 0 to 1. */
  probability: number;
}

/** A text with words left out. */
export interface Example {
  /** What stands before, between and behind them, spaces included: one more than there are places. */
  text: readonly string[];
  places: readonly {
    /** The word that was there. */
    right: string;
    /** The likeliest first. */
    guesses: readonly Guess[];
  }[];
}

/** Asks the model as it is now; the same texts each time. */
export type Examples = () => Promise<readonly Example[]>;
