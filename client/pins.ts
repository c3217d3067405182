/** Certificates are believed on first use and remembered: a changed one needs the owner's word. */
import { checkPin, type Pins as HolderPins } from '../crypto/certificate-pins.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint } from '../domain/ids.ts';
import { readJsonFile, writeJsonFile } from './private-files.ts';

interface PinFile {
  readonly authority: Fingerprint | null;
  readonly holders: HolderPins;
}

const NOTHING: PinFile = { authority: null, holders: {} };

export class Pins {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Remembers the platform's authority on first use. Fails with `E_CERTIFICATE_NOT_CERTIFIED` where it changed. */
  async holdAuthority(fingerprint: Fingerprint): Promise<void> {
    const pins = await this.#read();
    if (pins.authority === fingerprint) return;
    if (pins.authority === null) return writeJsonFile(this.#file, { ...pins, authority: fingerprint });
    throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', "The platform's certificate authority has changed.", {
      why: `It was ${pins.authority} and is ${fingerprint} now.`,
      next: `Ask the platform's operator. If the change is right, remove "authority" from ${this.#file}.`,
    });
  }

  /** Remembers whose certificate it is on first use. Fails with `E_CERTIFICATE_CHANGED` where another one was known. */
  async holdHolder(email: EmailAddress, fingerprint: Fingerprint): Promise<void> {
    const pins = await this.#read();
    if (checkPin(pins.holders, email, fingerprint) === 'first-use') await this.acceptHolder(email, fingerprint);
  }

  /** Whose certificates are known. */
  async holders(): Promise<HolderPins> {
    return (await this.#read()).holders;
  }

  /** Remembers those of whom none is known yet. */
  async holdFirstUses(holders: HolderPins): Promise<void> {
    const pins = await this.#read();
    await writeJsonFile(this.#file, { ...pins, holders: { ...holders, ...pins.holders } });
  }

  /** The owner's word: from now on this certificate counts for the address. */
  async acceptHolder(email: EmailAddress, fingerprint: Fingerprint): Promise<void> {
    const pins = await this.#read();
    await writeJsonFile(this.#file, { ...pins, holders: { ...pins.holders, [email]: fingerprint } });
  }

  #read(): Promise<PinFile> {
    return readJsonFile(this.#file, NOTHING);
  }
}
