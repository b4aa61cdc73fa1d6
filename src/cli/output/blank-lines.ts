// Blank lines of tables and JSON lines are not records: they are counted while a file is read, and named in the summary.

import { formatCounted } from './quantities.ts';

export class BlankLines {
  count = 0;
  /** For the readers' option of that name. */
  readonly onBlank = (): void => {
    this.count += 1;
  };

  /** `3 blank lines left out`; empty when there was none. */
  toString(): string {
    return this.count === 0 ? '' : `${formatCounted(this.count, 'blank line')} left out`;
  }

  /** A row of a summary's table, or none. */
  rows(): [string, string][] {
    return this.count === 0 ? [] : [['blank', this.toString()]];
  }
}
