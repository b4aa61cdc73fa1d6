// What is written must not be what is read: an output that names an input, under whatever spelling or through a
// symbolic link, is refused before anything is computed; so is one that names a file of a folder that is an input.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ArgumentError } from '../../errors.ts';
import { systemErrorCode } from './file-error.ts';

/** Options and the paths given for them; undefined where one was not given, `-` is stdin. */
export type NamedPaths = Readonly<Record<string, string | undefined>>;

/** @throws ArgumentError when an output is an input or another output, a folder that holds one, or a part of one */
export async function refuseSharedPaths(outputs: NamedPaths, inputs: NamedPaths): Promise<void> {
  for (const [option, path] of given(outputs)) {
    const others = given({ ...inputs, ...outputs }).filter(([other]) => other !== option);
    const target = await canonicalPath(path);
    const named = join(await canonicalPath(dirname(resolve(path))), basename(path)); // a model's files may be links
    const taken = await stat(path).then(
      () => true,
      () => false, // what is wrong with it is for the one who writes it to tell
    );
    for (const [other, otherPath] of others) {
      const found = await canonicalPath(otherPath);
      if (found === target) {
        throw new ArgumentError(
          `expected ${option} to name a different place than ${other}, which it would overwrite, but both are '${found}'`,
        );
      }
      if (found.startsWith(`${target}${sep}`)) {
        throw new ArgumentError(
          `expected ${option} to name a separate folder but '${target}' holds ${other}, '${found}'`,
        );
      }
      if (taken && [target, named].some((place) => place.startsWith(`${found}${sep}`))) {
        throw new ArgumentError(
          `expected ${option} to name a place outside ${other}, or a new one, but '${named}' is a part of it, which would be ` +
            'overwritten',
        );
      }
    }
  }
}

function given(paths: NamedPaths): [string, string][] {
  return Object.entries(paths).filter((entry): entry is [string, string] => {
    const path = entry[1];
    return path !== undefined && path !== '-';
  });
}

/** The path without symbolic links, of a file that need not exist. */
async function canonicalPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (error) {
    const parent = dirname(absolute);
    // anything but a missing file is for the one who reads or writes it to tell
    if (systemErrorCode(error) !== 'ENOENT' || parent === absolute) return absolute;
    return join(await canonicalPath(parent), basename(absolute));
  }
}
