/** Writes results down, several at once: what is lost with a worker is what it had in hand. */
import { sha256Of } from '../crypto/function-bundle.ts';
import type { ErrorFields } from '../domain/errors.ts';
import type { JobId } from '../domain/ids.ts';
import type { Db } from '../storage/database.ts';
import { insertResults, type ItemResult, type JobDocument } from '../storage/job-answers.ts';

const MOST_ITEMS = 16;
const MOST_BYTES = 4 * 1024 * 1024;

export class ResultKeeper implements AsyncDisposable {
  readonly #db: Db;
  readonly #job: JobId;
  readonly #documents = new Map<string, JobDocument>();
  #results: ItemResult[] = [];
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(db: Db, job: JobId) {
    this.#db = db;
    this.#job = job;
  }

  async answer(item: number, document: Uint8Array, answer: Buffer): Promise<void> {
    const sha256 = sha256Of(document);
    this.#documents.set(sha256, { sha256, document: Buffer.from(document) });
    this.#results.push({ item, document: sha256, answer, failure: null });
    this.#bytes += answer.length;
    if (this.#results.length >= MOST_ITEMS || this.#bytes >= MOST_BYTES) await this.flush();
  }

  async failure(item: number, failure: ErrorFields): Promise<void> {
    this.#results.push({ item, document: null, answer: null, failure });
    if (this.#results.length >= MOST_ITEMS) await this.flush();
  }

  /** Writes what there is; one after the other. */
  flush(): Promise<void> {
    const [documents, results] = [[...this.#documents.values()], this.#results];
    this.#results = [];
    this.#bytes = 0;
    this.#writing = this.#writing.then(() => insertResults(this.#db, this.#job, documents, results));
    return this.#writing;
  }

  /** What came before an interruption is kept, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }
}
