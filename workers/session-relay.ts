/**
 * The enclave's end of sessions: WebSockets from the API over the enclave's socket, each for one caller, function and
 * nonce. The first message to the caller is the attestation document; after it, what comes and goes is sealed.
 */
import type { Server } from 'node:http';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { mostMessageBytes } from '../crypto/session/message.ts';
import { StrongroomError, toErrorFields } from '../domain/errors.ts';
import { MOST } from '../domain/function.ts';
import { parseFunctionId, parseHandle } from '../domain/ids.ts';
import type { HostedSession } from '../enclave/host/served-function.ts';
import { bytesIn, textIn } from './enclave-questions.ts';
import type { ServedFunctions } from './served-functions.ts';

/** Messages that one session may have in hand; further ones wait in the caller's own buffers. */
const MOST_AT_ONCE = 8;
const NORMAL_CLOSURE = 1000;
const FAILED = 1011;

export function relaySessions(server: Server, functions: ServedFunctions): void {
  const sockets = new WebSocketServer({
    server,
    path: '/session',
    maxPayload: mostMessageBytes(MOST.inputBytes),
    perMessageDeflate: false,
  });
  sockets.on('connection', (socket, { url }) => {
    // What arrives before the runner is there waits.
    socket.pause();
    const asked = Object.fromEntries(new URL(url ?? '', 'http://enclave').searchParams);
    begin(functions, asked).then(
      (session) => {
        serve(socket, session);
      },
      (error: unknown) => {
        fail(socket, error);
      },
    );
  });
}

async function begin(functions: ServedFunctions, asked: Readonly<Record<string, unknown>>): Promise<HostedSession> {
  const served = await functions.find(parseFunctionId(asked.function), parseHandle(asked.caller));
  return served.openSession(bytesIn(asked, 'nonce'), textIn(asked, 'token'));
}

function serve(socket: WebSocket, session: HostedSession): void {
  let inHand = 0;
  /** Answers leave in the order in which their requests came. */
  let last: Promise<void> = Promise.resolve();
  socket.on('message', (data: RawData) => {
    inHand++;
    if (inHand >= MOST_AT_ONCE) socket.pause();
    const exchanged = session.exchange(data as Buffer);
    last = Promise.all([exchanged, last]).then(
      ([{ message, final }]) => {
        inHand--;
        socket.resume();
        socket.send(message);
        if (final) socket.close(NORMAL_CLOSURE);
      },
      (error: unknown) => {
        fail(socket, error);
      },
    );
  });
  socket.once('close', () => {
    session.close();
  });
  socket.send(session.document);
  socket.resume();
}

/** The only thing that is said in the open: that a session ended, and why, without a word of what was in it. */
function fail(socket: WebSocket, error: unknown): void {
  const named =
    error instanceof StrongroomError
      ? error
      : new StrongroomError('E_INTERNAL', 'Something went wrong in the enclave.');
  socket.resume();
  socket.send(JSON.stringify(toErrorFields(named)));
  socket.close(FAILED);
}
