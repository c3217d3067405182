import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { EncryptionCodec } from '../../stack/payload-codec.ts';
import { addPayloadKey } from '../../stack/payload-keys.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'strongroom-payload-keys-'));
  file = path.join(folder, 'payload-keys.json');
});
afterEach(() => {
  jest.useRealTimers();
  rmSync(folder, { recursive: true });
});

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload!);
const keyIn = (text: string) => Object.values((JSON.parse(text) as { keys: Record<string, string> }).keys)[0]!;

test('what is encrypted says nothing but which key opens it, and opens to what it was', async () => {
  const id = addPayloadKey(file, 0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const codec = new EncryptionCodec(file);
  const values = [{ email: 'dora@example.org' }, undefined, null, Buffer.from([1, 2, 3])];
  const sealed = await codec.encode(values.map(payloadOf));
  expect(Buffer.from(sealed[0]!.data!).toString('latin1')).not.toContain('dora');
  expect(Buffer.from(sealed[0]!.metadata!['encryption-key-id']!).toString()).toBe(id);
  expect((await codec.decode(sealed)).map((payload) => valueOf(payload)).slice(0, 3)).toEqual(values.slice(0, 3));
  const again = await codec.encode([payloadOf(values[0])]);
  expect(again[0]!.data).not.toEqual(sealed[0]!.data);
});

test('after a rotation new payloads have the new key, old ones still open, and a process that runs finds the new key', async () => {
  const first = addPayloadKey(file, 0);
  const running = new EncryptionCodec(file);
  const old = await running.encode([payloadOf('before')]);
  const second = addPayloadKey(file, 0);
  expect(second).not.toBe(first);
  const restarted = new EncryptionCodec(file);
  const fresh = await restarted.encode([payloadOf('after')]);
  expect(valueOf((await restarted.decode(old))[0])).toBe('before');
  expect(valueOf((await running.decode(fresh))[0])).toBe('after');
});

test('a payload that was changed, cut off, or given another key is refused', async () => {
  addPayloadKey(file, 0);
  const codec = new EncryptionCodec(file);
  const [sealed] = await codec.encode([payloadOf('approve')]);
  const data = Buffer.from(sealed!.data!);
  for (let index = 0; index < data.length; index += 1) {
    const changed = Buffer.from(data);
    changed[index]! ^= 1;
    await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toThrow('was changed');
  }
  await expect(codec.decode([{ ...sealed, data: data.subarray(0, 20) }])).rejects.toThrow('cut off');
  const otherKey = { ...sealed!.metadata, 'encryption-key-id': Buffer.from('2020-01-01-00000000') };
  await expect(codec.decode([{ metadata: otherKey, data }])).rejects.toThrow('not in the key ring');
});

test('plaintext in the place of ciphertext is refused, but for the days that a new key ring allows', async () => {
  addPayloadKey(file, 0);
  await expect(new EncryptionCodec(file).decode([payloadOf('forged')])).rejects.toThrow('not encrypted');

  const lenient = path.join(folder, 'lenient.json');
  addPayloadKey(lenient, 30);
  addPayloadKey(lenient, 365);
  const codec = new EncryptionCodec(lenient);
  expect(valueOf((await codec.decode([payloadOf('from before')]))[0])).toBe('from before');
  jest.useFakeTimers({ now: Date.now() + 31 * 86_400_000 });
  await expect(codec.decode([payloadOf('from before')])).rejects.toThrow('not encrypted');
});

test('a key ring that others may read, that lacks a key or is none is refused, and its keys are not said', () => {
  addPayloadKey(file, 0);
  const text = readFileSync(file, 'utf8');
  const key = keyIn(text);
  chmodSync(file, 0o640);
  expect(() => new EncryptionCodec(file)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  chmodSync(file, 0o600);
  for (const broken of [
    '',
    `{"keys": {"a": "${key}"`,
    text.replace(/"current": "\d/, '"current": "x'),
    text.replace(key, 'AAAA'),
  ]) {
    writeFileSync(file, broken);
    const failure = (() => {
      try {
        return new EncryptionCodec(file);
      } catch (error) {
        return error as Error & { code: string; why: string };
      }
    })();
    expect(failure).toMatchObject({ code: 'E_CONFIG' });
    expect(JSON.stringify([(failure as Error).message, (failure as { why: string }).why])).not.toContain(key);
  }
  expect(() => new EncryptionCodec(path.join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
});
