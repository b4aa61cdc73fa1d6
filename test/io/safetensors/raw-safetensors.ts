// Safetensors files made by hand, right or wrong.

/** The bytes of a safetensors file with any header and data. */
export function rawSafetensors(
  header: string | object | Uint8Array,
  data = new Uint8Array(0),
  length?: bigint,
): Buffer {
  const text =
    header instanceof Uint8Array
      ? header
      : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.byteLength));
  return Buffer.concat([prefix, text, data]);
}
