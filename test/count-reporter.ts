// A vitest reporter whose only line is `N passed, N failed[, N skipped]`. A file that could not be run at all and an
// error outside any test each count as a failure, so that the line never looks better than the run.

import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const failedBefore = count.failed;
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      if (module.state() === 'failed' && count.failed === failedBefore) count.failed += 1;
    }
    count.failed += count.pending;
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    // after the other reporters, which print when this hook has run
    process.once('exit', () =>
      process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`),
    );
  }
}
