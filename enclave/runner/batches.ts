/**
 * The batches of jobs that a runner works on. Their inputs arrive sealed and their answers leave sealed, each to the key
 * that its batch is bound to, so the host in between, who keeps both for a while, learns lengths and times only.
 */
import type { BatchHead } from '../../crypto/sealed/sealed-batch.ts';
import { itemDigest, openItem, parseBatchHead } from '../../crypto/sealed/sealed-batch.ts';
import { sealItemAnswer, type ItemBinding, type ItemOutcome } from '../../crypto/sealed/item-answer.ts';
import { refuseForbidden } from '../../crypto/sealed/sealed-input.ts';
import { refused as notAllowed, tokenKeyOf } from '../../crypto/session/invocation-token.ts';
import { readJobPermit } from '../../crypto/session/job-permit.ts';
import { parseReleasePolicy } from '../../crypto/session/release-policy.ts';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { openAwaitedKey, wantedKey } from './awaited-key.ts';
import { nameFailure } from './failures.ts';
import type { OwnKeys } from './keys.ts';
import type { BatchKeyBrought, BatchOpening, WantedKey } from './messages.ts';
import { functionOf, notOwn, readOwnDocument, requireReleasePolicy } from './own-document.ts';
import type { ServedFunction } from './sessions.ts';
import type { Tenant } from './tenant.ts';

interface Batch {
  readonly head: BatchHead;
  /** Of the document that was made for the job. */
  readonly documentHash: Sha256;
  /** Null until the key broker has released it. */
  contentKey: Buffer | null;
}

export class Batches {
  readonly #keys: OwnKeys;
  readonly #served: ServedFunction;
  readonly #tenant: Tenant;
  readonly #batches = new Map<number, Batch>();

  constructor(keys: OwnKeys, served: ServedFunction, tenant: Tenant) {
    this.#keys = keys;
    this.#served = served;
    this.#tenant = tenant;
  }

  /** Which key it takes to open the batch. Fails with `E_ATTESTATION`, `E_NOT_ALLOWED` or `E_SEALED_INPUT`. */
  begin({ batch, document: text, functionId, releasePolicy, permit }: BatchOpening, bytes: Buffer): WantedKey {
    const { checksum } = this.#served;
    const document = readOwnDocument(Buffer.from(text, 'base64url'), this.#keys);
    if (functionOf(document) !== checksum) throw notOwn('It names another function than is here.');
    requireReleasePolicy(document, releasePolicy);
    // A copy: what was read is zeroed before the first item comes.
    const head = parseBatchHead(Buffer.from(bytes));
    const now = new Date();
    const allowed = readJobPermit(permit, tokenKeyOf(parseReleasePolicy(releasePolicy).tokenKey), now);
    const fits =
      allowed.functionId === functionId &&
      allowed.functionChecksum === checksum &&
      allowed.caller === head.header.recipient &&
      allowed.answerKey === Buffer.from(head.answerKey).toString('base64url');
    if (!fits) throw notAllowed('It is for another job.');
    refuseForbidden(head.header, checksum, now);
    this.#tenant.admit(allowed.caller);
    this.#batches.set(batch, { head, documentHash: document.sha256, contentKey: null });
    return wantedKey(head.keyRequest);
  }

  /** Takes the key that was released for the batch. Fails as the broker refused, and as `openAwaitedKey` does. */
  open({ batch: id, release }: BatchKeyBrought): void {
    const batch = this.#find(id);
    batch.contentKey = openAwaitedKey(batch.head.keyRequest, release, this.#served.checksum, this.#keys);
  }

  /** The sealed answer to the item at a place of the batch; what is wrong with the item is in it. */
  async take(id: number, index: number, item: Buffer): Promise<Buffer> {
    const { head, documentHash, contentKey } = this.#find(id);
    if (!contentKey) throw unknown();
    const binding: ItemBinding = {
      functionChecksum: this.#served.checksum,
      documentHash,
      item: itemDigest(item),
      index,
    };
    const outcome = await this.#call(() => openItem(item, contentKey, head, index));
    return sealItemAnswer(outcome, binding, head.answerKey, this.#keys.receipt.privateKey);
  }

  close(id: number): void {
    this.#batches.get(id)?.contentKey?.fill(0);
    this.#batches.delete(id);
  }

  async #call(input: () => Buffer): Promise<ItemOutcome> {
    try {
      return { kind: 'output', ...(await this.#served.call(input())) };
    } catch (error) {
      return { kind: 'failure', error: toErrorFields(nameFailure(error)) };
    }
  }

  #find(id: number): Batch {
    const batch = this.#batches.get(id);
    if (batch) return batch;
    throw unknown();
  }
}

const unknown = () => new StrongroomError('E_RUNNER_RESTARTED', 'The runner has no such batch open.');
