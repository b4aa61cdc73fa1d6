// Ctrl-C and SIGTERM. The first one aborts the work in hand, so that temporary files are removed on the way out;
// a second one ends the process at once.

type EndingSignal = 'SIGINT' | 'SIGTERM';

let received: EndingSignal | undefined;

/** The signal that asked us to stop, if one did. */
export function interruptedBy(): EndingSignal | undefined {
  return received;
}

/** An AbortSignal that fires on SIGINT and SIGTERM; from now on they no longer end the process by themselves. */
export function interruptionSignal(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (received !== undefined) process.exit(exitCode);
      received = name;
      controller.abort(new Error(name));
    });
  }
  return controller.signal;
}
