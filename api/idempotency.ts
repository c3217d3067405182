/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a POST that comes again with its key gets the answer of
 * the first time. Keys belong to the account; an answer is kept for a day, encrypted, as it may hold a new token.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import type { Db } from '../storage/database.ts';
import {
  beginKeyedRequest,
  forgetKeyedRequest,
  saveKeyedAnswer,
  type KeyedRequest,
} from '../storage/idempotency-keys.ts';
import type { ApiProcess } from '../storage/api-process.ts';
import type { App } from './services.ts';
import { openSettling } from './settling.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What this request must be answered under, where it is the first with its key. */
    keyed: KeyedRequest | null;
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Remembering {
  readonly db: Db;
  readonly process: ApiProcess;
  /** What the API's processes alone know. */
  readonly secret: string;
}

/** Call it once callers are known: keys are an account's. */
export function rememberAnswers(app: App, { db, process, secret }: Remembering): void {
  const answers = openAnswers(secret);
  const settle = openSettling(app);
  app.decorateRequest('keyed', null);

  app.addHook('preHandler', async (request, reply) => {
    const keyed = toKeyed(request, answers.digest, process.id);
    if (!keyed) return;
    const beginning = await beginKeyedRequest(db, keyed).catch(async (error: unknown) => {
      // It may have begun all the same, and then nobody would ever answer it.
      await settle(() => forgetKeyedRequest(db, keyed));
      throw error;
    });
    if (beginning.is === 'first') request.keyed = keyed;
    if (beginning.is === 'another') throw usedForAnother(keyed.key);
    if (beginning.is === 'running') throw stillRunning(keyed.key);
    if (beginning.is === 'answered') await repeat(reply, answers.open(beginning.answer));
  });

  app.addHook('onSend', async (request, reply, payload) => {
    if (!request.keyed) return;
    const { keyed } = request;
    request.keyed = null;
    // What failed on the platform, or for the moment, may be tried again with the same key.
    if (reply.statusCode >= 500 || reply.statusCode === 429) return settle(() => forgetKeyedRequest(db, keyed));
    const body = typeof payload === 'string' ? payload : '';
    const type = String(reply.getHeader('content-type') ?? '');
    const answer = answers.seal({ status: reply.statusCode, type, body });
    await settle(() => saveKeyedAnswer(db, keyed, answer));
  });
}

function toKeyed(request: FastifyRequest, digest: (text: string) => Buffer, processId: number): KeyedRequest | null {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || request.method !== 'POST' || !request.caller || isStream(request)) return null;
  const body: unknown = request.body ?? null;
  return {
    account: request.caller.account.id,
    key,
    request: digest(JSON.stringify([request.method, request.url, body])),
    attempt: randomUUID(),
    processId,
  };
}

/** Uploads have a protocol of their own for being repeated. */
const isStream = (request: FastifyRequest): boolean => request.routeOptions.schema?.hide === true;

async function repeat(reply: FastifyReply, { status, type, body }: Answer): Promise<void> {
  reply.code(status).header('idempotency-replayed', 'true');
  if (type !== '') reply.type(type);
  await reply.send(body === '' ? undefined : body);
}

function openAnswers(secret: string) {
  const keyFor = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `strongroom idempotency ${use}`, 32));
  const digestKey = keyFor('digest');
  const sealKey = keyFor('answer');
  return {
    /** With a key of ours, so that the digest of a body tells nothing about a password in it. */
    digest: (text: string): Buffer => createHmac('sha256', digestKey).update(text).digest(),

    seal(answer: Answer): Buffer {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },

    open(sealed: Buffer): Answer {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(12, 28));
      const text = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8');
      return JSON.parse(text) as Answer;
    },
  };
}

const usedForAnother = (key: string) =>
  new StrongroomError('E_IDEMPOTENCY_KEY_REUSED', `The key ${key} belongs to another request.`, {
    why: 'An earlier request with it had another address or body.',
    next: 'Send each new request with a new Idempotency-Key.',
  });

const stillRunning = (key: string) =>
  new StrongroomError('E_IDEMPOTENCY_KEY_BUSY', `The request with the key ${key} is not answered yet.`, {
    next: 'Send it again in a moment: the answer will be that of the first.',
  });
