/** Secrets and plaintexts that must be found nowhere, and the search for them in every form in which they could leak. */

export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
  /** The files that may hold it. */
  readonly homes: readonly string[];
}

export interface Trace {
  readonly canary: string;
  readonly form: string;
  readonly place: string;
}

interface Needle {
  readonly canary: Canary;
  readonly form: string;
  readonly bytes: Buffer;
}

const SHORTEST_BYTES = 12;

export class CanarySearch {
  /** By their first three bytes: one pass over a text looks for all of them. */
  readonly #needles = new Map<number, Needle[]>();
  readonly #begins = new Uint8Array(1 << 24);

  constructor(canaries: readonly Canary[]) {
    for (const canary of canaries) {
      if (canary.bytes.length < SHORTEST_BYTES) throw new Error(`${canary.name} is too short to be recognised.`);
      for (const [form, bytes] of formsOf(canary.bytes)) this.#add({ canary, form, bytes });
    }
  }

  /** Every form of every canary that `text` holds, each once. */
  tracesIn(text: Buffer, place: string): Trace[] {
    const begins = this.#begins;
    const found = new Set<Needle>();
    for (let at = 0, begin = 0; at < text.length; at += 1) {
      begin = ((begin << 8) | (text[at] ?? 0)) & 0xffffff;
      if (begins[begin] === 0) continue;
      for (const needle of this.#needles.get(begin) ?? []) {
        if (text.subarray(at - 2, at - 2 + needle.bytes.length).equals(needle.bytes)) found.add(needle);
      }
    }
    return [...found]
      .filter(({ canary }) => !canary.homes.includes(place))
      .map(({ canary, form }) => ({ canary: canary.name, form, place }));
  }

  #add(needle: Needle): void {
    const begin = needle.bytes.readUIntBE(0, 3);
    this.#begins[begin] = 1;
    this.#needles.set(begin, [...(this.#needles.get(begin) ?? []), needle]);
  }
}

function formsOf(bytes: Buffer): [string, Buffer][] {
  const hex = bytes.toString('hex');
  const forms: [string, string][] = [
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
  ];
  for (const shift of [0, 1, 2]) {
    const base64 = base64Within(bytes, shift);
    forms.push([`base64 at ${shift}`, base64]);
    forms.push([`base64url at ${shift}`, base64.replaceAll('+', '-').replaceAll('/', '_')]);
  }
  return [['raw', bytes], ...forms.map(([form, text]): [string, Buffer] => [form, Buffer.from(text)])];
}

/** The characters that `bytes` alone decide where `shift` other bytes stand before them in the same base64 text. */
function base64Within(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
}
