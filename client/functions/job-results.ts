/**
 * The results of a job, opened by its caller: each is held against the item that was sent and against the attestation
 * document that it is bound to, which must have been made for this job, by the function and enclave that were meant.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { parseAttestationDocument } from '../../crypto/attestation/document.ts';
import { AttestationError, verifyAttestation, type VerifiedAttestation } from '../../crypto/attestation/verify.ts';
import type { HpkeKeyPair } from '../../crypto/hpke.ts';
import { openItemAnswer, type ItemOutcome } from '../../crypto/sealed/item-answer.ts';
import { isErrorCode, StrongroomError, type ErrorFields } from '../../domain/errors.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { ROUTES } from '../openapi.routes.ts';
import { toStrongroomError, unreachable } from '../platform-failure.ts';
import type { PlatformClient } from '../platform.ts';
import { heldAgainst } from './changed-enclave.ts';
import type { KeptItem, KeptJob } from './kept-jobs.ts';
import { demandsOf, type EnclaveTrust } from './trust.ts';

export interface ResultsRequest {
  readonly platform: PlatformClient;
  readonly job: KeptJob;
  readonly answerKeys: HpkeKeyPair;
  /** The enclave as it is believed now. */
  readonly trust: EnclaveTrust;
  readonly signal?: AbortSignal;
}

export interface ItemResult {
  /** Its number in the job, from 0. */
  readonly item: number;
  readonly name: string;
  readonly outcome: ItemOutcome;
}

type Fields = Readonly<Record<string, unknown>>;

const CLOCK_SKEW_MS = 60_000;

/**
 * What is there, in the order of the items; an item that has no result yet is left out. Fails with `E_ATTESTATION`,
 * `E_CHANNEL` or `E_RECEIPT` at the first thing that does not hold.
 */
export async function* readResults(request: ResultsRequest): AsyncGenerator<ItemResult> {
  const documents = new Map<string, VerifiedAttestation>();
  let last = -1;
  for await (const fields of linesOf(request)) {
    if (typeof fields.content === 'string') {
      const verified = await verifyForJob(Buffer.from(fields.content, 'base64url'), request);
      documents.set(verified.documentHash, verified);
      continue;
    }
    const { item } = fields;
    const kept = typeof item === 'number' ? request.job.items[item] : undefined;
    if (typeof item !== 'number' || !kept || item <= last) throw malformed();
    last = item;
    yield { item, name: kept.name, outcome: await outcomeOf(fields, kept, documents, request) };
  }
}

async function outcomeOf(
  { answer, document, failure }: Fields,
  { sha256, index }: KeptItem,
  documents: ReadonlyMap<string, VerifiedAttestation>,
  { job, answerKeys }: ResultsRequest,
): Promise<ItemOutcome> {
  if (failure !== undefined) return { kind: 'failure', error: failureOf(failure) };
  const verified = documents.get(String(document));
  if (typeof answer !== 'string' || !verified?.receiptKey) throw malformed();
  const binding = {
    functionChecksum: job.checksum,
    documentHash: parseSha256(document),
    item: sha256,
    index,
  };
  return openItemAnswer(Buffer.from(answer, 'base64url'), binding, answerKeys, verified.receiptKey).outcome;
}

/** An enclave that was updated meanwhile is believed as it was when the job began, too. */
async function verifyForJob(document: Buffer, request: ResultsRequest): Promise<VerifiedAttestation> {
  const { job, trust, platform } = request;
  try {
    return verifyAgainst(document, job, job.trust);
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    return heldAgainst(trust, platform, () => Promise.resolve().then(() => verifyAgainst(document, job, trust)));
  }
}

function verifyAgainst(document: Buffer, job: KeptJob, trust: EnclaveTrust): VerifiedAttestation {
  const { timestamp } = parseAttestationDocument(document);
  const age = Date.parse(timestamp) - Date.parse(job.startedAt);
  if (age < -CLOCK_SKEW_MS || Date.parse(timestamp) > Date.now() + CLOCK_SKEW_MS) throw outOfTime(timestamp);
  return verifyAttestation(document, {
    ...demandsOf(trust, 'runner', Buffer.from(job.nonce, 'base64url')),
    // It was made while the job lasted: its certificates must have held then.
    at: timestamp,
    maxAgeSeconds: null,
    functionChecksum: job.checksum,
    channelKey: null,
  });
}

async function* linesOf({ platform, job, signal }: ResultsRequest): AsyncGenerator<Fields> {
  const url = platform.baseUrl + ROUTES.readJobResults.path.replace('{id}', job.id);
  try {
    const answer = await fetch(url, { headers: platform.headersFor(url), ...(signal && { signal }) });
    if (!answer.ok) throw toStrongroomError(await answer.json().catch(() => null), answer, platform.baseUrl);
    if (!answer.body) return;
    const lines = createInterface({ input: Readable.fromWeb(answer.body as never), crlfDelay: Infinity });
    for await (const line of lines) yield fieldsOf(line);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof StrongroomError ? error : unreachable(platform.baseUrl, error);
  }
}

function fieldsOf(line: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch {
    // Named below.
  }
  throw malformed();
}

/** Said in the open by the enclave's host: good for a reason, never for an answer. */
function failureOf(value: unknown): ErrorFields {
  const { code, message, why, next } = (value ?? {}) as Fields;
  const words = (text: unknown) => (typeof text === 'string' ? text : undefined);
  if (!isErrorCode(code)) throw malformed();
  return { code, message: words(message) ?? code, why: words(why), next: words(next) };
}

const malformed = () =>
  new StrongroomError('E_CHANNEL', "The platform's results are not those of this job.", {
    next: 'Fetch them again. If it happens again, do not rely on them.',
  });

const outOfTime = (timestamp: string) =>
  new StrongroomError('E_ATTESTATION', 'The attestation document was not made while the job lasted.', {
    why: `It was made at ${timestamp}, by its own word.`,
    next: 'Do not rely on the results. Check the clock of this machine.',
  });
