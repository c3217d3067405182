/** Sessions with functions: the API checks a ticket, and then passes messages to and fro that it cannot read. */
import websocket, { type WebSocket as CallerSocket } from '@fastify/websocket';
import type { FastifyBaseLogger } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import { StrongroomError, toErrorFields } from '../../domain/errors.ts';
import { takeTicket } from '../../storage/session-tickets.ts';
import { MOST_FRAME_BYTES, type Enclave, type SessionRequest } from '../enclave.ts';
import { toStrongroomError } from '../problems.ts';
import type { App, Services } from '../services.ts';

/** Whoever connects must show a ticket within this time. */
const HELLO_MS = 10_000;
/** What a caller may have sent ahead before it is made to wait. */
const MOST_BUFFERED = 8 * 1024 * 1024;
const FAILED = 1011;
const NORMAL = [1000, 1005];

export async function sessionRoutes(app: App, services: Services): Promise<void> {
  const { db, enclave } = services;
  await app.register(websocket, { options: { maxPayload: MOST_FRAME_BYTES, perMessageDeflate: false } });
  const open = { websocket: true, schema: { hide: true }, config: { operation: 'connectSession' as const } } as const;
  app.get('/v1/sessions', open, (socket, request) => {
    const patience = setTimeout(() => {
      fail(socket, invalid('No ticket came.'), request.log);
    }, HELLO_MS);
    socket.once('message', (data: RawData, isBinary: boolean) => {
      clearTimeout(patience);
      // What comes after the ticket waits until the enclave is there.
      socket.pause();
      readHello(db, isBinary ? null : (data as Buffer)).then(
        (asked) => {
          relay(socket, enclave, asked, request.log);
        },
        (error: unknown) => {
          fail(socket, error, request.log);
        },
      );
    });
    socket.once('close', () => {
      clearTimeout(patience);
    });
  });
}

async function readHello(db: Services['db'], text: Buffer | null): Promise<SessionRequest> {
  const { ticket, nonce } = parseHello(text);
  const holder = await takeTicket(db, ticket);
  if (holder) return { ...holder, nonce };
  throw new StrongroomError('E_SIGNED_OUT', 'The ticket does not hold.', {
    why: 'It was used, or is older than a minute.',
    next: 'Ask for another one.',
  });
}

function parseHello(text: Buffer | null): { readonly ticket: string; readonly nonce: string } {
  const { ticket, nonce } = parseJson(text) as Readonly<Record<string, unknown>>;
  const isNonce = typeof nonce === 'string' && /^[\w-]{43}$/.test(nonce);
  if (isNonce && typeof ticket === 'string' && ticket.length <= 100) return { ticket, nonce };
  throw invalid('The first message is not {"ticket", "nonce"}.');
}

function parseJson(text: Buffer | null): object {
  try {
    const value: unknown = JSON.parse(text?.toString('utf8') ?? '');
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Named below.
  }
  throw invalid('The first message is not JSON.');
}

function relay(caller: CallerSocket, enclave: Enclave, asked: SessionRequest, log: FastifyBaseLogger): void {
  const runner = enclave.openSession(asked);
  runner.once('open', () => {
    pass(caller, runner);
    pass(runner, caller);
    caller.resume();
  });
  runner.once('error', (error) => {
    fail(caller, unavailable(error), log);
  });
  runner.once('close', (code) => {
    caller.close(NORMAL.includes(code) ? 1000 : FAILED);
  });
  caller.once('close', () => {
    runner.terminate();
  });
}

type AnySocket = CallerSocket | WebSocket;

/** Message by message, as they are; a receiver that is slow makes the sender wait. */
function pass(from: AnySocket, to: AnySocket): void {
  from.on('message', (data: RawData, isBinary: boolean) => {
    if (to.readyState !== to.OPEN) return;
    if (to.bufferedAmount > MOST_BUFFERED) from.pause();
    to.send(data, { binary: isBinary }, () => {
      from.resume();
    });
  });
}

function fail(socket: CallerSocket, error: unknown, log: FastifyBaseLogger): void {
  const failure = toStrongroomError(error);
  if (failure.kind.status >= 500) log.error({ err: error }, failure.message);
  socket.resume();
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(toErrorFields(failure)));
  socket.close(FAILED);
}

const invalid = (why: string) => new StrongroomError('E_INVALID_REQUEST', 'The session does not begin.', { why });

const unavailable = (cause: unknown) =>
  new StrongroomError('E_UNAVAILABLE', 'The enclave does not answer.', { next: 'Try again in a moment.', cause });
