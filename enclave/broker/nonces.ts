/** The broker's own nonces: each is good for one release, soon after it was given. */
import { randomBytes } from 'node:crypto';

export const NONCE_BYTES = 32;
const SECONDS = 60;
/** A flood of questions makes the oldest nonces useless, and never the broker large. */
const MOST = 10_000;

export class Nonces {
  /** Nonce → when it ends, in milliseconds since 1970; in the order in which they were given. */
  readonly #given = new Map<string, number>();

  give(now: Date): Uint8Array {
    const nonce = randomBytes(NONCE_BYTES);
    this.#forgetOld(now);
    this.#given.set(nonce.toString('hex'), now.getTime() + SECONDS * 1000);
    return Uint8Array.from(nonce);
  }

  /** Whether `nonce` was given and is still good; from then on it is not. */
  take(nonce: string, now: Date): boolean {
    const ends = this.#given.get(nonce);
    return this.#given.delete(nonce) && ends !== undefined && now.getTime() <= ends;
  }

  #forgetOld(now: Date): void {
    for (const [nonce, ends] of this.#given) {
      if (ends >= now.getTime() && this.#given.size < MOST) break;
      this.#given.delete(nonce);
    }
  }
}
