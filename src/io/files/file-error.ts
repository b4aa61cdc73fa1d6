// Turns what the file system throws into a FileError whose message says what to do.
// The original error stays as `cause`, so its code, path and system call are not lost.

import { FileError } from '../../errors.ts';

const REMEDIES: Record<string, string> = {
  ENOENT: 'it does not exist; check the path',
  ENOTDIR: 'a part of the path is a file and not a folder; check the path',
  EISDIR: 'it is a folder where a file is expected; name a file',
  EACCES: 'permission denied; check the owner and mode of the file and its folder',
  EPERM: 'the operation is not permitted; check the owner and mode of the file and its folder',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space or choose another folder',
  EDQUOT: 'the disk quota is used up; free some space or choose another folder',
  EFBIG: 'the file would exceed the size limit; raise the limit (ulimit -f) or write less',
  ELOOP: 'its symbolic links form a loop; correct the links',
  EMFILE: 'too many files are open; raise the limit (ulimit -n) or close some',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  EEXIST: 'it already exists; choose another name or remove it',
  ENOTEMPTY: 'the folder is not empty; choose another name or remove it',
  EIO: 'the device reported an input/output error; check the disk',
};

/** The `code` of a Node system error, or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** A {@link FileError}: `cannot <action> <path>: <what is wrong and what to do>`, with the cause kept. */
export function fileError(action: string, path: string, cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const code = systemErrorCode(cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const remedy = code === undefined ? reason : (remedyOf(action, code) ?? reason);
  const suffix = code === undefined ? '' : ` (${code})`;
  return new FileError(`cannot ${action} '${path}': ${remedy}${suffix}`, { cause });
}

/** What can only be written into a folder that is there. */
function remedyOf(action: string, code: string): string | undefined {
  const writes = action === 'write' || action === 'create';
  return writes && code === 'ENOENT'
    ? 'the folder that it should be in does not exist; create it'
    : REMEDIES[code];
}
