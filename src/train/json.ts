// JSON as a type: what a task notes of its place in its data, which checkpoints hold without knowing what it means.

/** A value that JSON can write and read back unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
