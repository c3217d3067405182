/** A model that wants more memory than it was given. */
export const handle = (input: Uint8Array): unknown => ({ bytes: Buffer.alloc(2 * 1024 ** 3, input[0] ?? 1).length });
