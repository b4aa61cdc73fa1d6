// Whether a file can be a whole shared library, looked at before the system's loader maps it: the loader trusts the
// headers, and a file that ends before what they promise kills the process instead of failing.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const elfMagic = 0x7f454c46;
const elfHeaderBytes = 64;
const loadSegment = 1; // PT_LOAD

/** What is wrong with a library file, as part of a sentence, or undefined. Other formats than ELF are left to the loader. */
export function libraryDefect(path: string): string | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const header = read(file, 0, elfHeaderBytes);
    if (header.length < 4) return `it has only ${size} bytes`;
    if (header.readUInt32BE(0) !== elfMagic)
      return process.platform === 'linux' ? 'it is not an ELF file' : undefined;
    if (header.length < elfHeaderBytes) return `it ends inside its header, after ${size} bytes`;
    if (header[4] !== 2 || header[5] !== 1) return undefined; // not 64-bit little-endian: the loader says so
    const end = Math.max(sectionsEnd(header), segmentsEnd(file, header, size));
    return end > size ? `it is cut short: ${size} bytes of at least ${end}` : undefined;
  } finally {
    closeSync(file);
  }
}

/** e_shoff + e_shnum * e_shentsize: linkers write the section headers last. */
function sectionsEnd(header: Buffer): number {
  return Number(header.readBigUInt64LE(40)) + header.readUInt16LE(58) * header.readUInt16LE(60);
}

/** The end of the program headers, and of every part of the file that they have mapped. */
function segmentsEnd(file: number, header: Buffer, size: number): number {
  const start = Number(header.readBigUInt64LE(32));
  const [entryBytes, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  let end = start + entryBytes * count;
  if (end > size) return end;
  const table = read(file, start, entryBytes * count);
  for (let at = 0; at + 56 <= table.length; at += Math.max(56, entryBytes)) {
    if (table.readUInt32LE(at) !== loadSegment) continue;
    end = Math.max(end, Number(table.readBigUInt64LE(at + 8)) + Number(table.readBigUInt64LE(at + 32)));
  }
  return end;
}

function read(file: number, position: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, position));
}
