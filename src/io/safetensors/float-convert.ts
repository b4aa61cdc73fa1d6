// Little-endian F16, BF16 and F64 bytes to float32, and the check that every value is finite.
// F16 goes through a table of all 65,536 values; BF16 is the upper half of a float32.

/** Float element types that become float32. */
export type FloatDType = 'F64' | 'F32' | 'F16' | 'BF16';

/** Bytes per element. */
export const FLOAT_BYTES: Record<FloatDType, number> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Converts all of `source` (a multiple of the element size, 8-byte aligned) into `target` from `start` on. */
export function convertToFloat32(
  source: Uint8Array,
  dtype: FloatDType,
  target: Float32Array,
  start: number,
): void {
  const { buffer, byteOffset, byteLength } = source;
  if (dtype === 'F32') {
    target.set(new Float32Array(buffer, byteOffset, byteLength / 4), start);
  } else if (dtype === 'F64') {
    target.set(new Float64Array(buffer, byteOffset, byteLength / 8), start);
  } else if (dtype === 'BF16') {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
    for (let i = 0; i < halves.length; i++) bits[start + i] = (halves[i] as number) << 16;
  } else {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    const table = float16Table();
    for (let i = 0; i < halves.length; i++) target[start + i] = table[halves[i] as number] as number;
  }
}

/** Index of the first value that is infinite or not a number, or -1. */
export function indexOfNonFinite(values: Float32Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    if (((bits[i] as number) & 0x7f800000) === 0x7f800000) return i;
  }
  return -1;
}

let table: Float32Array | undefined;

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
function float16Table(): Float32Array {
  if (table !== undefined) return table;
  const values = new Float32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    values[half] = half & 0x8000 ? -magnitude : magnitude;
  }
  table = values;
  return values;
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of the float16 nearest to a number, ties to even; infinity past 65,520. */
export function toFloat16(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const size = word & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x477ff000) return sign | 0x7c00; // 65,520
  if (size < 0x38800000) {
    // below 2^-14 in steps of 2^-24
    const magnitude = Math.abs(Math.fround(value)) * 2 ** 24;
    const floor = Math.floor(magnitude);
    const rest = magnitude - floor;
    return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
  }
  const rounded = size + 0xfff + ((size >> 13) & 1);
  return sign | ((rounded - 0x38000000) >> 13);
}
