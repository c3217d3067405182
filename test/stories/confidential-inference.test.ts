/** The second job on the real parts: a function is deployed into the enclave, and called by whoever may call it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Deployment } from '../../client/functions/deployment.ts';
import { openPartyHome } from '../../client/party-home.ts';
import { AttestationError, StrongroomError, type FunctionResult, type Strongroom } from '../../client/strongroom.ts';
import { parseSealedInput } from '../../crypto/sealed/sealed-input.ts';
import { readFunctionFolder } from '../../crypto/function-folder.ts';
import { encodeCbor } from '../../crypto/attestation/cbor.ts';
import { parseHandle, parseSha256 } from '../../domain/ids.ts';
import { CanarySearch } from '../support/canaries.ts';
import { until } from '../support/patience.ts';
import { Cast, type Caller } from './cast.ts';
import { answerTo, command, refusalOf } from './commands.ts';
import { filesBelow, tablesOf } from './demo-places.ts';
import { deployFolder, library, writeFunction } from './running-functions.ts';
import { Eavesdropper, type Tampering } from './eavesdropper.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const EXAMPLE = path.join(ROOT, 'examples', 'image-classification');
const PICTURE = path.resolve(EXAMPLE, '..', 'digits-data', 'data-owner-one', 'data', '000.png');

let cast: Cast;
let alice: Caller;
let dora: Caller;
beforeAll(async () => {
  cast = await Cast.assemble();
  [alice, dora] = [await cast.enrol('alice'), await cast.enrol('dora')];
});
afterAll(() => cast.dismiss());

const deploy = (person: Caller, folder = EXAMPLE, isPublic = false): Promise<Deployment> =>
  deployFolder(person, folder, isPublic);

const firstLabel = async (person: Caller, ref: string): Promise<unknown> => {
  const { bytes } = await library(person).run(ref, await readFile(PICTURE));
  return (JSON.parse(bytes.toString()) as readonly { readonly label: unknown }[])[0]?.label;
};

/** A folder of the story with the example and one more file. */
async function changedExample(name: string): Promise<string> {
  const folder = path.join(cast.folder, name);
  await mkdir(folder);
  for (const file of await readdir(EXAMPLE)) await copyFile(path.join(EXAMPLE, file), path.join(folder, file));
  await writeFile(path.join(folder, 'more.txt'), `${name}\n`);
  return folder;
}

describe('a function in the enclave', () => {
  test('is deployed encrypted, known by the checksum of its folder, and answers its owner', async () => {
    const { deployed, known } = await deploy(alice);
    expect(known).toBe(false);
    expect(deployed).toMatchObject({ owner: 'alice', name: 'image-classification', version: 1, state: 'ready' });
    expect(deployed.checksum).toBe((await readFunctionFolder(EXAMPLE)).checksum);
    expect(await firstLabel(alice, deployed.id)).toBe('0');
    expect(await firstLabel(alice, 'image-classification')).toBe('0');
  });

  test('is not deployed twice; other content is the next version, and the old one stays callable', async () => {
    const again = await deploy(alice);
    expect(again).toMatchObject({ known: true, deployed: { version: 1 } });
    const { deployed } = await deploy(alice, await changedExample('changed'));
    expect(deployed.version).toBe(2);
    expect(deployed.checksum).not.toBe(again.deployed.checksum);
    expect(await firstLabel(alice, 'alice/image-classification@1')).toBe('0');
    expect(await firstLabel(alice, 'alice/image-classification')).toBe('0');
  });

  test('is nobody else’s business until its owner makes it public', async () => {
    await expect(firstLabel(dora, 'alice/image-classification@1')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    await deploy(alice, EXAMPLE, true);
    expect(await firstLabel(dora, 'alice/image-classification@1')).toBe('0');
  });

  test('is served by a new runner after the enclave’s worker was killed: only attested runners get its key', async () => {
    const record = path.join(cast.folder, 'platform', 'processes', 'enclave.json');
    const { pid } = JSON.parse(await readFile(record, 'utf8')) as { readonly pid: number };
    process.kill(pid, 'SIGKILL');
    await until(
      'another worker',
      async () => (JSON.parse(await readFile(record, 'utf8')) as { pid: number }).pid !== pid,
    );
    expect(await firstLabel(alice, 'alice/image-classification@1')).toBe('0');
  });

  test('of another checksum than the caller demands gets nothing of the input', async () => {
    const checksum = parseSha256('a'.repeat(64));
    const called = library(alice).connect('image-classification', { checksum });
    await expect(called).rejects.toBeInstanceOf(AttestationError);
    await expect(called).rejects.toMatchObject({ message: expect.stringContaining('function checksum') });
  });

  test('answers calls at once in order, in one session with one document', async () => {
    await using session = await library(alice).connect('image-classification@1');
    const picture = await readFile(PICTURE);
    const results = await Promise.all([1, 2, 3].map(() => session.invoke(picture)));
    expect(results.map(({ receipt }) => receipt.content.sequence)).toEqual([0, 1, 2]);
    const hashes = results.map(({ receipt }) => receipt.content.documentHash);
    expect(new Set(hashes)).toEqual(new Set([session.attestation.documentHash]));
  });

  test('whose call is aborted begins another session at the next, verified anew; a signal that is over ends nothing', async () => {
    const [connecting, calling] = [new AbortController(), new AbortController()];
    await using session = await library(alice).connect('image-classification@1', { signal: connecting.signal });
    const picture = await readFile(PICTURE);
    const first = session.attestation.documentHash;
    connecting.abort();
    const { receipt } = await session.invoke(picture, { signal: calling.signal });
    expect(receipt.content.documentHash).toBe(first);
    const call = session.invoke(picture, { signal: calling.signal });
    calling.abort(new Error('no more time'));
    await expect(call).rejects.toThrow('no more time');
    await expect(session.invoke(picture, { signal: calling.signal })).rejects.toThrow('no more time');
    const again = await session.invoke(picture);
    expect(again.receipt.content.documentHash).toBe(session.attestation.documentHash);
    expect(session.attestation.documentHash).not.toBe(first);
  });

  test('is called from a program elsewhere that imports the package by its name', async () => {
    const folder = path.join(cast.folder, 'elsewhere');
    await mkdir(path.join(folder, 'node_modules'), { recursive: true });
    await symlink(ROOT, path.join(folder, 'node_modules', 'strongroom'));
    await writeFile(path.join(folder, 'package.json'), '{"type": "module"}');
    await copyFile(path.join(ROOT, 'examples', 'library', 'classify.ts'), path.join(folder, 'classify.ts'));
    const { apiUrl, token } = alice.session;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['classify.ts', 'alice/image-classification@1', PICTURE],
      { cwd: folder, env: { PATH: process.env.PATH, STRONGROOM_API_URL: apiUrl, STRONGROOM_TOKEN: token } },
    );
    const { checksum } = await readFunctionFolder(EXAMPLE);
    expect(stdout).toMatch(new RegExp(`^0 [\\d.]+\nanswered by function ${checksum}\n$`));
  });

  test('shows its attestation step by step, keeps the document, and shows it again from the file', async () => {
    const out = path.join(cast.folder, 'document.cbor');
    const shown = await command(alice, ['attestation', 'show', 'image-classification@1', '--out', out]);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^passed +function checksum/m) });
    expect(shown.stdout).toContain('SIMULATED');
    const kept = await command(alice, ['attestation', 'show', out]);
    expect(kept.stdout).toContain('Nothing of this was verified');
    const sha256 = /^SHA-256 .*$/m;
    expect(sha256.exec(kept.stdout)).toEqual(expect.arrayContaining(sha256.exec(shown.stdout) ?? []));
  });

  test('that no runner takes is refused with the reason, and cannot be called', async () => {
    const folder = await changedExample('broken');
    await rm(path.join(folder, 'more.txt'));
    await copyFile(path.join(EXAMPLE, 'labels.txt'), path.join(folder, 'app.ts'));
    await expect(deploy(alice, folder)).rejects.toMatchObject({ code: 'E_FUNCTION_INVALID' });
    expect(await firstLabel(alice, 'image-classification')).toBe('0');
  });

  test('is gone once it is deleted, with its ciphertext', async () => {
    const { deployed } = await deploy(alice, path.join(cast.folder, 'changed'));
    await alice.platform.deleteFunction({ path: { id: deployed.id } });
    await expect(firstLabel(alice, deployed.id)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    const { sha256 } = deployed.bundle;
    const blobs = path.join(cast.folder, 'platform', 'blobs', sha256.slice(0, 2));
    expect(await readdir(blobs).catch(() => [])).not.toContain(sha256);
  });
});

describe('a sealed input', () => {
  const REF = 'alice/image-classification@1';
  const labelIn = ({ bytes }: FunctionResult) =>
    (JSON.parse(bytes.toString()) as readonly { readonly label: unknown }[])[0]?.label;

  test('is opened by the function that it names only, whoever brings it, and the receipt is for its text', async () => {
    const { sealed, user, functions } = await library(alice).encrypt(await readFile(PICTURE));
    expect(user).toBe('alice');
    expect(functions).toContain((await readFunctionFolder(EXAMPLE)).checksum);
    const brought = await library(dora).runSealed(REF, sealed);
    expect(labelIn(brought)).toBe('0');
    expect(brought.receipt.content.inputKind).toBe('sealed');
  });

  test('for somebody else is answered to a third party, who cannot read it, and not by other functions', async () => {
    const { sealed } = await library(dora).encrypt(await readFile(PICTURE), { for: alice.handle, functions: [REF] });
    expect(labelIn(await library(alice).runSealed(REF, sealed))).toBe('0');
    const { deployed } = await deploy(dora, await changedExample('of-dora'));
    const elsewhere = library(dora).runSealed(deployed.id, sealed);
    await expect(elsewhere).rejects.toMatchObject({ code: 'E_NOT_ALLOWED' });
  });

  test('that was changed, cut off or is too old is refused by name, and the session goes on', async () => {
    const picture = await readFile(PICTURE);
    const { sealed } = await library(alice).encrypt(picture);
    const past = await library(alice).encrypt(picture, { notAfter: new Date(Date.now() - 1000) });
    const at = sealed.length - 40;
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    await using session = await library(alice).connect(REF);
    const results = await Promise.allSettled([
      session.invokeSealed(changed),
      session.invokeSealed(sealed.slice(0, -400)),
      session.invokeSealed(past.sealed),
      session.invokeSealed(sealed),
    ]);
    const codes = results.map((result) => (result.status === 'fulfilled' ? 'answered' : codeOf(result.reason)));
    expect(codes).toEqual(['E_SEALED_INPUT', 'E_SEALED_INPUT', 'E_NOT_ALLOWED', 'answered']);
  });

  test('goes to no key but the one that was known first, until who encrypts accepts the change', async () => {
    const file = dora.home.enclaveTrustFile(dora.session);
    const trust = JSON.parse(await readFile(file, 'utf8')) as { readonly users: Readonly<Record<string, string>> };
    expect(trust.users.alice).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(file, JSON.stringify({ ...trust, users: { ...trust.users, alice: '0'.repeat(64) } }));
    const wanted = { for: alice.handle, functions: [REF] };
    const encrypted = library(dora).encrypt(await readFile(PICTURE), wanted);
    await expect(encrypted).rejects.toMatchObject({ code: 'E_USER_KEY_CHANGED' });
    const acceptKey = parseSha256(trust.users.alice);
    const again = await library(dora).encrypt(await readFile(PICTURE), { ...wanted, acceptKey });
    expect(again.keyId).toBe(acceptKey);
    const toNobody = library(dora).encrypt(await readFile(PICTURE), { ...wanted, for: parseHandle('nobody') });
    await expect(toNobody).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });

  test('is made and used on the command line', async () => {
    const out = path.join(cast.folder, 'picture.sealed');
    const made = await command(dora, ['encrypt', PICTURE, '--for', 'alice', '--function', REF, '--out', out]);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('Encrypted to the key of alice') });
    expect(await readFile(out, 'utf8')).toMatch(/^strongroom:[\w-]+\n$/);
    const ran = await command(alice, ['run', REF, '--sealed', out]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0: \d/) });
  });
});

describe("a user's sealing key (W7)", () => {
  const REF = 'alice/image-classification@1';
  const wanted = { for: 'alice' as Caller['handle'], functions: [REF] };

  test('is changed by its user: who encrypted before compares it, the input says which key it is, and old ones open', async () => {
    const picture = await readFile(PICTURE);
    const before = await library(dora).encrypt(picture, wanted);
    const rotated = await answerTo<{ keyId: string; generation: number }>(alice, ['sealing-key', 'rotate']);
    expect(rotated.generation).toBe(2);
    expect(rotated.keyId).not.toBe(before.keyId);
    expect(await answerTo(alice, ['sealing-key', 'show'])).toMatchObject(rotated);
    const refused = library(dora).encrypt(picture, wanted);
    await expect(refused).rejects.toMatchObject({ code: 'E_USER_KEY_CHANGED' });
    const after = await library(dora).encrypt(picture, { ...wanted, acceptKey: parseSha256(rotated.keyId) });
    const headers = [before, after].map(({ sealed }) => parseSealedInput(sealed).header);
    expect(headers.map(({ recipient, generation, keyId }) => [recipient, generation, keyId])).toEqual([
      ['alice', 1, before.keyId],
      ['alice', 2, rotated.keyId],
    ]);
    for (const { sealed } of [before, after]) {
      const { bytes } = await library(dora).runSealed(REF, sealed);
      expect(bytes.toString()).toContain('"label":"0"');
    }
    // What its user deploys and has answered is sealed to the new key, without a further word.
    expect((await deploy(alice, await changedExample('after-rotation'))).deployed.owner).toBe('alice');
  });

  test('is moved on by nobody else, and one by one', async () => {
    const move = (person: Caller, generation: number) => person.platform.rotateSealingKey({ body: { generation } });
    await expect(move(alice, 5)).rejects.toMatchObject({ code: 'E_CONFLICT' });
    await expect(move(alice, 2)).resolves.toBeUndefined();
    expect(await answerTo(dora, ['sealing-key', 'show'])).toMatchObject({ user: 'dora', generation: 1 });
  });
});

test('W13: the registers of the enclave are those that anyone computes from the same files', async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'enclave:measure'], { cwd: ROOT });
  const { described } = await answerTo<{ described: object }>(alice, ['enclave', 'show']);
  expect(described).toMatchObject(JSON.parse(stdout) as object);
});

describe('somebody between the caller and the runner', () => {
  const REF = 'alice/image-classification@1';
  let between: Eavesdropper;
  let caller: Pick<Caller, 'home'>;
  let through: () => Strongroom;
  beforeAll(async () => {
    between = await Eavesdropper.listen(cast.stack.addresses.api);
    const home = await openPartyHome(path.join(cast.folder, 'alice-elsewhere'));
    const session = { ...alice.session, apiUrl: between.address };
    await home.saveSession(session);
    caller = { home };
    through = () => library({ ...alice, home, session });
  });
  afterAll(() => between[Symbol.asyncDispose]());

  const sessionsOf = (id: string) => `/v1/functions/${id}/sessions`;
  const instead = (from: string, to: string): Tampering => ({
    path: (asked) => (asked === sessionsOf(from) ? sessionsOf(to) : asked),
  });

  const ATTACKS: readonly (readonly [string, string, () => Promise<Tampering>])[] = [
    [
      'changes the signature of the document',
      '"signature"',
      () =>
        Promise.resolve({
          document: (document) => {
            const changed = Buffer.from(document);
            changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
            return changed;
          },
        }),
    ],
    [
      'shows the document of an earlier session',
      '"nonce"',
      async () => {
        await using earlier = await library(alice).connect(REF);
        const { document } = earlier;
        return { document: () => document };
      },
    ],
    [
      'brings the caller to another function',
      '"function checksum"',
      async () => {
        const { deployed: meant } = await deploy(alice);
        const { deployed: another } = await deploy(alice, await changedExample('another'));
        return instead(meant.id, another.id);
      },
    ],
    [
      'shows a key and no document',
      '',
      () => Promise.resolve({ document: () => Buffer.from(encodeCbor(new Map([['public_key', new Uint8Array(32)]]))) }),
    ],
  ];

  test.each(ATTACKS)('who %s is found out before any input leaves: exit code 10', async (_what, step, attack) => {
    between.tampering = await attack();
    const before = { ...between.heard };
    const refused = await refusalOf(caller, ['run', REF, PICTURE]);
    expect(refused).toMatchObject({ code: 'E_ATTESTATION', exit: 10, message: expect.stringContaining(step) });
    expect(between.heard).toMatchObject({ open: before.open + 1, sealed: before.sealed });
    between.tampering = {};
    expect(await command(caller, ['run', REF, PICTURE])).toMatchObject({ code: 0 });
    expect(between.heard.sealed).toBe(before.sealed + 1);
  });

  test('hears a ticket and a nonce in the open, and a token nowhere in the session (W11)', async () => {
    between.heard.said.length = 0;
    expect(await command(caller, ['run', REF, PICTURE])).toMatchObject({ code: 0 });
    const [upgrade, hello, ...more] = between.heard.said;
    expect(more).toEqual([]);
    expect(Object.keys(JSON.parse(hello ?? '{}') as object).sort()).toEqual(['nonce', 'ticket']);
    expect(upgrade).not.toMatch(/authorization|protocol|cookie|bearer/i);
  });

  test('who runs another program than was believed gets no input until who calls accepts the enclave', async () => {
    const session = await caller.home.requireSession();
    const file = caller.home.enclaveTrustFile(session);
    const trust = JSON.parse(await readFile(file, 'utf8')) as { readonly enclave: { readonly runner: object } };
    const runner = { ...trust.enclave.runner, runnerImage: '0'.repeat(64) };
    await writeFile(file, JSON.stringify({ ...trust, enclave: { ...trust.enclave, runner } }));
    const before = { ...between.heard };
    const shown = await answerTo<{ readonly described: { readonly fingerprint: string } }>(caller, ['enclave', 'show']);
    const { fingerprint } = shown.described;
    const refused = await refusalOf(caller, ['run', REF, PICTURE]);
    expect(refused).toMatchObject({ code: 'E_ATTESTATION', exit: 10 });
    expect(refused.next).toContain(`strongroom enclave accept ${fingerprint}`);
    expect(between.heard.sealed).toBe(before.sealed);
    const another = await refusalOf(caller, ['enclave', 'accept', '1'.repeat(64)]);
    expect(another).toMatchObject({ code: 'E_ATTESTATION', exit: 10 });
    expect(await command(caller, ['enclave', 'accept', fingerprint])).toMatchObject({ code: 0 });
    expect(await command(caller, ['run', REF, PICTURE])).toMatchObject({ code: 0 });
  });

  test('who deploys anew between attestation and call changes nothing for whoever attested the version before', async () => {
    const { deployed: first } = await deploy(alice, await changedExample('first'));
    await using session = await through().connect('image-classification');
    const { deployed: second } = await deploy(alice, await changedExample('second'));
    const picture = await readFile(PICTURE);
    const { receipt } = await session.invoke(picture);
    expect(receipt.content.functionChecksum).toBe(first.checksum);
    // The session ends, and the next one is brought to the new version.
    between.tampering = instead(first.id, second.id);
    await session.open().then((attested) => {
      attested.close();
    });
    const before = between.heard.sealed;
    await expect(session.invoke(picture)).rejects.toMatchObject({ message: expect.stringContaining('checksum') });
    between.tampering = {};
    const demanded = through().connect('image-classification', { checksum: first.checksum });
    await expect(demanded).rejects.toBeInstanceOf(AttestationError);
    expect(between.heard.sealed).toBe(before);
  });
});

const codeOf = (error: unknown): unknown => (error instanceof StrongroomError ? error.code : error);

test('the platform holds no byte of a model, of what was classified and answered, or of a token', async () => {
  const piece = async (name: string, file: string) => ({
    name,
    bytes: (await readFile(file)).subarray(60, 108),
    homes: [],
  });
  const text = (name: string, value: string) => ({ name, bytes: Buffer.from(value), homes: [] });
  const [asked, answered] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
  const echo = await writeFunction(path.join(cast.folder, 'echo'), 'echo', `return '${answered} to ' + text;`);
  await deploy(alice, echo);
  const { bytes } = await library(alice).run('echo', Buffer.from(asked));
  expect(bytes.toString()).toBe(`${answered} to ${asked}`);
  const called = (await alice.platform.listFunctions()).items.find(({ name }) => name === 'echo');
  const { token: invocation } = await alice.platform.openSession({ path: { id: called?.id ?? ('' as never) } });
  const { token: access } = await alice.platform.createToken({ body: { name: 'canary', scopes: ['read'] } });
  const search = new CanarySearch([
    await piece('the model', path.join(EXAMPLE, 'model.onnx')),
    await piece('the code', path.join(EXAMPLE, 'app.ts')),
    await piece('the picture', PICTURE),
    text('the input', asked),
    text('the answer, which is in the bundle, too', answered),
    text('the invocation token', invocation.split('.')[2] ?? ''),
    text('the access token', access),
    text('the session', alice.session.token),
  ]);
  const traces = [];
  const platform = path.join(cast.folder, 'platform');
  for await (const [place, content] of filesBelow(platform)) traces.push(...search.tracesIn(content, place));
  for await (const [place, content] of tablesOf(platform)) traces.push(...search.tracesIn(content, place));
  for await (const { workflowId, runId } of cast.temporal.client.workflow.list()) {
    const history = historyToJSON(await cast.temporal.client.workflow.getHandle(workflowId, runId).fetchHistory());
    traces.push(...search.tracesIn(Buffer.from(history), `history of ${workflowId}`));
  }
  expect(traces).toEqual([]);
});
