/** Questions between processes of ours on one machine: JSON over HTTP on a Unix socket that only their user can open. */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import path from 'node:path';
import { fromErrorFields, isErrorCode, StrongroomError, toErrorFields, type ErrorFields } from '../domain/errors.ts';

/** Answers one kind of question; what it gets was sent by a process of ours and is still read as unknown. */
export type LocalAnswers = Readonly<Record<string, (question: unknown) => Promise<unknown>>>;

export interface LocalService {
  readonly server: Server;
  close(): Promise<void>;
}

const MOST_BYTES = 1024 * 1024;
const PATIENCE_MS = 70_000;

/** Listens at `socketPath`, where an earlier process may have left its socket. */
export async function serveLocally(socketPath: string, answers: LocalAnswers): Promise<LocalService> {
  await mkdir(path.dirname(socketPath), { recursive: true, mode: 0o700 });
  await rm(socketPath, { force: true });
  const server = createServer((asked, reply) => {
    answer(asked, answers).then(
      (value) => reply.writeHead(200).end(JSON.stringify(value ?? null)),
      (error: unknown) => reply.writeHead(500).end(JSON.stringify(toErrorFields(named(error)))),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o600);
  return {
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Asks the process behind `socketPath`. Fails as it says, and with `E_UNAVAILABLE` where it is not there. */
export async function askLocally(socketPath: string, name: string, question: unknown): Promise<unknown> {
  const { status, text } = await send(socketPath, name, JSON.stringify(question));
  const value: unknown = JSON.parse(text);
  if (status === 200) return value;
  throw isFailure(value) ? fromErrorFields(value) : unavailable(socketPath);
}

async function answer(asked: IncomingMessage, answers: LocalAnswers): Promise<unknown> {
  const name = (asked.url ?? '').slice(1);
  const handler = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (!handler) throw new StrongroomError('E_NOT_FOUND', `Nobody answers ${JSON.stringify(name)} here.`);
  return handler(JSON.parse((await readAll(asked)).toString('utf8')));
}

function send(socketPath: string, name: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: `/${name}`, timeout: PATIENCE_MS }, (reply) => {
      readAll(reply).then((bytes) => {
        resolve({ status: reply.statusCode ?? 0, text: bytes.toString('utf8') });
      }, reject);
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', (cause) => {
      reject(unavailable(socketPath, cause));
    });
    asked.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_BYTES) throw new StrongroomError('E_PAYLOAD_TOO_LARGE', 'The question is too long.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const named = (error: unknown): StrongroomError =>
  error instanceof StrongroomError ? error : new StrongroomError('E_INTERNAL', 'Something went wrong.');

const isFailure = (value: unknown): value is ErrorFields =>
  typeof value === 'object' && value !== null && 'code' in value && isErrorCode(value.code);

const unavailable = (socketPath: string, cause?: unknown) =>
  new StrongroomError('E_UNAVAILABLE', `The platform's ${path.basename(socketPath, '.sock')} does not answer.`, {
    next: 'Try again in a moment; if it stays, the operator finds why in its log.',
    ...(cause !== undefined && { cause }),
  });
