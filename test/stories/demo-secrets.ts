/** What must be found nowhere after the demo but in its own file: the secrets of every party, and plaintext. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readPrivateKey } from 'openpgp';
import type { Canary } from '../support/canaries.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..', '..', 'examples');
const PIECE_BYTES = 48;

/** `folder` is the demo's. */
export async function secretsOf(folder: string): Promise<Canary[]> {
  const within = (pattern: string) => globSync(pattern, { cwd: folder }).map((file) => path.join(folder, file));
  const secretTexts = (name: string, files: readonly string[]) =>
    files.map((file) => ({ name, bytes: Buffer.from(lastWord(file)), homes: files }));
  const modelKeys = secretTexts('the key of a model', within('*/keys/**/*.key'));
  return [
    ...modelKeys,
    ...modelKeys.map(({ bytes, homes }) => ({
      name: 'the bytes of the key of a model',
      bytes: Buffer.from(bytes.toString(), 'base64url'),
      homes,
    })),
    ...secretTexts('a token', within('*/token')),
    ...secretTexts('a password', within('*.password')),
    ...secretTexts("the database's password", within('platform/postgres/passfile')),
    ...secretTexts("the sessions' secret", within('platform/api/session-secret')),
    ...(await Promise.all(
      within('{*/certificates/**/private-key.asc,platform/authority/*.key.asc}').map(privateParts),
    )),
    ...plaintexts(),
  ].flat();
}

/** The whole file, but for the line in which Postgres expects its password. */
const lastWord = (file: string): string => readFileSync(file, 'utf8').trim().split(':').at(-1) ?? '';

async function privateParts(file: string): Promise<Canary[]> {
  const key = await readPrivateKey({ armoredKey: readFileSync(file, 'utf8') });
  return key.getKeys().flatMap(({ keyPacket }) => {
    const parts = (keyPacket as unknown as { privateParams: Readonly<Record<string, Uint8Array>> }).privateParams;
    return Object.values(parts).map((part) => ({
      name: 'a part of a private key',
      bytes: Buffer.from(part),
      homes: [file],
    }));
  });
}

/** Pieces of the model and of some of the data owners' pictures. */
function plaintexts(): Canary[] {
  const model = readFileSync(path.join(EXAMPLES, 'digits-model', 'model.onnx'));
  const middles = [1, 2, 3].map((quarter) => Math.floor((model.length * quarter) / 4));
  const pictures = globSync('digits-data/data-owner-*/data/00?.png', { cwd: EXAMPLES });
  return [
    ...middles.map((at) => ({ name: 'a piece of the model', bytes: model.subarray(at, at + PIECE_BYTES), homes: [] })),
    ...pictures.map((file) => {
      const picture = readFileSync(path.join(EXAMPLES, file));
      const at = Math.floor((picture.length - PIECE_BYTES) / 2);
      return { name: `the picture ${file}`, bytes: picture.subarray(at, at + PIECE_BYTES), homes: [] };
    }),
  ];
}
