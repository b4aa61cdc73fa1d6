// Two projects: `unit` needs the addon at most, `cli` uses dist/ as users do, and compiles it first.
// The last line printed is the count that continuous integration reads: `N passed, N failed[, N skipped]`.

import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/count-reporter.ts';

const usesDist = 'test/{cli,package,types,tasks/toy}/**/*.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', new CountReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [usesDist] },
      },
      {
        extends: true,
        test: { name: 'cli', include: [usesDist], globalSetup: 'test/cli/compile.ts' },
      },
    ],
  },
});
