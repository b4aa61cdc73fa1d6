// What a command's failure prints and exits with once a signal has come.

import { expect, test, vi } from 'vitest';
import { reportFailure } from '../../src/cli/failure.ts';
import { AbortedError, FileError } from '../../src/errors.ts';

vi.mock('../../src/cli/interruption.ts', () => ({ interruptedBy: () => 'SIGINT' }));

function reported(error: unknown) {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const code = reportFailure(error);
  const printed = write.mock.calls.map(([text]) => text).join('');
  write.mockRestore();
  return [code, printed];
}

test('what the signal ended says so; any other error is told as it is', () => {
  const stopped = 'likewise: stopped by SIGINT; unfinished output was removed [LIKEWISE_ABORTED]\n';
  expect(reported(new AbortedError('reading was aborted'))).toEqual([130, stopped]);
  expect(reported(AbortSignal.abort().reason)).toEqual([130, stopped]);
  expect(reported(new FileError('the disk is full'))).toEqual([
    1,
    'likewise: the disk is full [LIKEWISE_FILE]\n',
  ]);
});
