/** `Range` of RFC 9110, section 14: one range of bytes. Several, and what is no range, are answered with the whole. */
export interface ByteRange {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** `null` asks for the whole, `outside` for nothing that is there. */
export function parseRange(header: string | undefined, size: number): ByteRange | 'outside' | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const length = Number(last);
    return length === 0 ? 'outside' : { start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return null;
  return start >= size ? 'outside' : { start, end };
}
