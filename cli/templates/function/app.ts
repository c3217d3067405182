import type { Context } from './strongroom.d.ts';

/** What stands out here is made once, when the function starts, and stays as long as its runner does. */
let calls = 0;

/** Called for each input, one after the other. Whatever it needs lies in this folder: there is no network. */
export function handle(input: Uint8Array, _context: Context): unknown {
  const text = new TextDecoder().decode(input);
  calls += 1;
  return { words: text.split(/\s+/u).filter((word) => word !== '').length, bytes: input.length, calls };
}
