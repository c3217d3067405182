/**
 * Sends a file while it is still written (tus 1.0 with a length that is told later): a network that is as slow as the
 * work need not wait for its end. It is a head start and no more: `uploadBlob` goes on from what arrived, or begins anew
 * where anything went wrong here.
 */
import { open } from 'node:fs/promises';
import { forgetUpload, rememberUpload } from './upload-note.ts';

/** Bytes that are sent at once. */
const PART_BYTES = 8 * 2 ** 20;

export interface HeadStart {
  readonly apiUrl: string;
  /** For instance the caller's token. */
  readonly headers: Record<string, string>;
  /** Where the file will lie when it is whole. */
  readonly file: string;
  /** Bytes that it will not exceed: room for so many is taken at the platform. */
  readonly atMost: number;
}

export class UploadAhead {
  readonly #job: HeadStart;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #draft: string | null = null;
  #written = 0;
  #onWritten: () => void = () => undefined;

  constructor(job: HeadStart) {
    this.#job = job;
    this.#running = this.#run().catch(() => forgetUpload(job.file));
  }

  /** `bytes` of the file lie at `draft` by now. */
  wrote(draft: string, bytes: number): void {
    this.#draft = draft;
    this.#written = bytes;
    this.#onWritten();
  }

  /** Ends the head start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#onWritten();
    await this.#running;
  }

  async #run(): Promise<void> {
    await forgetUpload(this.#job.file);
    if (!(await this.#hasPart(0))) return;
    const url = await this.#begin();
    await rememberUpload(this.#job.file, { uploadUrl: url, atMost: this.#job.atMost });
    const file = await open(this.#draft ?? '', 'r');
    try {
      const part = Buffer.allocUnsafeSlow(PART_BYTES);
      for (let sent = 0; await this.#hasPart(sent); sent += PART_BYTES) {
        await file.read(part, 0, PART_BYTES, sent);
        if (!(await this.#send(url, sent, part))) return;
      }
    } finally {
      await file.close();
    }
  }

  /** Whether a part from `sent` on is there; waits for it, and is `false` once it is stopped. */
  async #hasPart(sent: number): Promise<boolean> {
    while (!this.#stop.signal.aborted && this.#written < sent + PART_BYTES) {
      await new Promise<void>((resolve) => (this.#onWritten = resolve));
    }
    return !this.#stop.signal.aborted;
  }

  async #begin(): Promise<string> {
    const { apiUrl, headers, atMost } = this.#job;
    const answer = await fetch(`${apiUrl}/v1/uploads`, {
      method: 'POST',
      headers: {
        ...headers,
        'tus-resumable': '1.0.0',
        'upload-defer-length': '1',
        'upload-metadata': `atMost ${Buffer.from(String(atMost)).toString('base64')}`,
      },
    });
    const location = answer.headers.get('location');
    if (!answer.ok || location === null) throw new Error(`The upload was not begun: ${answer.status}.`);
    return new URL(location, answer.url).href;
  }

  /** `false` where it was stopped meanwhile: whoever goes on asks how far it came. */
  async #send(url: string, offset: number, part: Buffer): Promise<boolean> {
    const headers = {
      ...this.#job.headers,
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    };
    try {
      const answer = await fetch(url, { method: 'PATCH', headers, body: part, signal: this.#stop.signal });
      if (!answer.ok) throw new Error(`The upload broke off: ${answer.status}.`);
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      throw error;
    }
  }
}
