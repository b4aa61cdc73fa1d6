// Names of columns and keys, in a message.

/** Names for a message: quoted, and only so many. */
export function quoteAll(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => JSON.stringify(name.slice(0, 40)));
  return shown.join(', ') + (names.length > shown.length ? ', …' : '');
}
