/** Parts of the enclave that go away while somebody relies on them: what is said, and what is never done instead. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Cast, type Caller } from './cast.ts';
import { keyFileStore } from '../../enclave/broker/master-secret.ts';
import { CanarySearch } from '../support/canaries.ts';
import { command, refusalOf } from './commands.ts';
import { filesBelow } from './demo-places.ts';
import { until } from '../support/patience.ts';
import { deployFolder, library, runnersOf, writeFunction } from './running-functions.ts';

let cast: Cast;
let alice: Caller;
let dora: Caller;
let folder: string;
let masterKey: string;
beforeAll(async () => {
  const elsewhere = await mkdtemp(path.join(tmpdir(), 'strongroom-master-key-'));
  masterKey = path.join(elsewhere, 'master.key');
  cast = await Cast.assemble({ settings: { STRONGROOM_MASTER_KEY_FILE: masterKey } });
  [alice, dora] = [await cast.enrol('alice'), await cast.enrol('dora')];
  folder = await writeFunction(path.join(cast.folder, 'echo'), 'echo', 'return text;');
  await deployFolder(alice, folder, true);
});
afterAll(async () => {
  await cast.dismiss();
  await rm(path.dirname(masterKey), { recursive: true });
});

const textIn = ({ bytes }: { readonly bytes: Buffer }): string => bytes.toString();
const input = Buffer.from('hello');

async function pidOf(name: string): Promise<number> {
  const record = await readFile(path.join(cast.folder, 'platform', 'processes', `${name}.json`), 'utf8');
  return (JSON.parse(record) as { readonly pid: number }).pid;
}

test('F5: a session whose runner ends fails that call clearly, and attests the next runner before it sends anything', async () => {
  await using session = await library(alice).connect('echo');
  expect(textIn(await session.invoke(input))).toBe('hello');
  const before = session.attestation;
  for (const pid of await runnersOf(cast)) process.kill(pid, 'SIGKILL');
  const codes = [];
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = await session.invoke(input).catch((error: unknown) => error);
    codes.push(answer instanceof Error ? (answer as unknown as { code: string }).code : 'answered');
  }
  expect(codes.at(-1)).toBe('answered');
  expect(codes.filter((code) => code !== 'answered').length).toBeLessThanOrEqual(1);
  for (const code of codes) expect(['answered', 'E_RUNNER_RESTARTED', 'E_FUNCTION_CRASHED']).toContain(code);
  const { documentHash, channelKey, steps } = session.attestation;
  expect(documentHash).not.toBe(before.documentHash);
  expect(channelKey).not.toEqual(before.channelKey);
  expect(steps.every(({ verdict }) => verdict === 'passed')).toBe(true);
});

test('F5: without the key broker nothing sealed is opened, open sessions go on, and it is said what is away', async () => {
  await using session = await library(alice).connect('echo');
  const { sealed } = await library(alice).encrypt(input);
  const broker = await pidOf('broker');
  process.kill(broker, 'SIGSTOP');
  try {
    const refused = session.invokeSealed(sealed, { signal: AbortSignal.timeout(3_000) });
    await expect(refused).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(textIn(await session.invoke(input))).toBe('hello');
  } finally {
    process.kill(broker, 'SIGCONT');
  }
  process.kill(broker, 'SIGKILL');
  await until('another broker', async () => (await pidOf('broker')) !== broker);
  await using again = await library(alice).connect('echo');
  expect(textIn(await again.invokeSealed(sealed))).toBe('hello');
});

test('F5: whoever may not call any more begins no session, and one that is open ends with its token', async () => {
  await using session = await library(dora).connect('alice/echo');
  expect(textIn(await session.invoke(input))).toBe('hello');
  await deployFolder(alice, folder, false);
  await expect(library(dora).connect('alice/echo')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  // The token of the open one holds for a quarter of an hour at most; that is said in the documentation.
  expect(textIn(await session.invoke(input))).toBe('hello');
  await session.open().then((attested) => {
    attested.close();
  });
  await expect(session.invoke(input)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  await deployFolder(alice, folder, true);
});

test('the key to the master secret lies where it was said, so that a copy of the data folder opens nothing', async () => {
  const broker = path.join(cast.folder, 'platform', 'enclave', 'broker');
  expect((await readdir(broker)).filter((name) => name !== 'decisions.jsonl')).toEqual(['master-secret']);
  expect((await stat(masterKey)).mode & 0o777).toBe(0o600);
  const opened = await keyFileStore(path.join(broker, 'master-secret'), masterKey).open();
  expect(opened).toHaveLength(32);
  const without = keyFileStore(path.join(broker, 'master-secret'), path.join(cast.folder, 'another.key')).open();
  await expect(without).rejects.toMatchObject({ code: 'E_KEY_FILE' });
  const key = Buffer.from((await readFile(masterKey, 'utf8')).trim());
  const search = new CanarySearch([
    { name: 'the key file', bytes: key, homes: [] },
    { name: 'the master secret', bytes: opened, homes: [] },
  ]);
  const traces = [];
  for await (const [place, content] of filesBelow(path.join(cast.folder, 'platform'))) {
    traces.push(...search.tracesIn(content, place));
  }
  expect(traces).toEqual([]);
});

test('F6: whatever shows an attestation by software says that it is simulated, and a policy that does not name it refuses it', async () => {
  const file = path.join(cast.folder, 'input.txt');
  await writeFile(file, 'hello');
  const out = path.join(cast.folder, 'document.cbor');
  const said = [
    await command(alice, ['attestation', 'show', 'echo', '--out', out]),
    await command(alice, ['attestation', 'show', out]),
    await command(alice, ['run', 'echo', file, '--verbose']),
  ];
  for (const { code, stdout, stderr } of said) {
    expect(code).toBe(0);
    expect(stdout + stderr).toContain('SIMULATED');
  }
  const refused = await refusalOf(alice, ['attestation', 'verify', out, '--root', 'aws-nitro']);
  expect(refused).toMatchObject({ code: 'E_ATTESTATION', exit: 10 });
});
