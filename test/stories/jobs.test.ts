/** Durable jobs on the real parts: many sealed inputs, answered whatever is killed, paused or cancelled meanwhile. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { openPartyHome } from '../../client/party-home.ts';
import type { Schema } from '../../client/platform.ts';
import { parseJobId, parseSha256, type JobId } from '../../domain/ids.ts';
import { runJobWorkflowId } from '../../workflows/run-job/contract.ts';
import { CanarySearch, type Canary } from '../support/canaries.ts';
import { Cast, type Caller } from './cast.ts';
import { answerTo, command, refusalOf } from './commands.ts';
import { filesBelow, tablesOf } from './demo-places.ts';
import { found } from '../support/patience.ts';
import { deployFolder, enclaveWorker, runnersOf, writeFunction } from './running-functions.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..', '..', 'examples');
const DIGITS = path.join(EXAMPLES, 'digits-data', 'benchmark');
const SLOW = 'slow';
interface Texts {
  readonly folder: string;
  readonly items: number;
  /** What each takes its runner. */
  readonly milliseconds: number;
}
/** Enough for something to happen in its middle. */
const LONG = { folder: 'long', items: 30, milliseconds: 120 };
/** Enough for a command in its middle, also on a busy machine. */
const LONGER = { folder: 'longer', items: 60, milliseconds: 250 };

const ONE_BATCH = { sha256: parseSha256('a'.repeat(64)), size: 1, items: 1 };

type Job = Schema<'Job'>;
interface Line {
  readonly item: number;
  readonly file: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly next?: string };
}

/** As the slow function answers. */
const backwards = (text: string): string => Array.from(text).reverse().join('');

let cast: Cast;
let alice: Caller;
let dora: Caller;
const canaries: Canary[] = [];
const canary = (name: string, bytes: Buffer) => canaries.push({ name, bytes, homes: [] });

beforeAll(async () => {
  cast = await Cast.assemble();
  [alice, dora] = [await cast.enrol('alice'), await cast.enrol('dora')];
  await deployFolder(alice, path.join(EXAMPLES, 'image-classification'), true);
  const body = `await new Promise((resolve) => setTimeout(resolve, Number.parseInt(text) || 0));
  if (text === 'end') process.exit(1);
  return [...text].reverse().join('');`;
  await deployFolder(alice, await writeFunction(path.join(cast.folder, SLOW), SLOW, body));
  for (const texts of [LONG, LONGER]) await writeTexts(texts);
});
afterAll(() => cast.dismiss());

const fileIn = ({ folder }: Texts, ...names: readonly string[]) => path.join(cast.folder, folder, ...names);

async function writeTexts(texts: Texts): Promise<void> {
  await mkdir(fileIn(texts));
  for (let number = 0; number < texts.items; number += 1) {
    const text = randomBytes(24).toString('hex');
    canary(`input ${number}`, Buffer.from(text));
    canary(`output ${number}`, Buffer.from(backwards(text)));
    const file = fileIn(texts, `${String(number).padStart(3, '0')}.txt`);
    await writeFile(file, `${texts.milliseconds} ${text}`);
  }
}

async function linesIn(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
}

const outFile = (name: string) => path.join(cast.folder, `${name}.jsonl`);
const jobOf = (id: JobId): Promise<Job> => alice.platform.readJob({ path: { id } });

async function startSlow(name: string, texts: Texts): Promise<JobId> {
  const args = ['job', 'run', SLOW, fileIn(texts), '--out', outFile(name), '--detach'];
  return parseJobId((await answerTo<{ job: Job }>(alice, args)).job.id);
}

const reached = (id: JobId, what: string, holds: (job: Job) => boolean): Promise<Job> =>
  found(`a job that is ${what}`, async () => {
    const job = await jobOf(id);
    return holds(job) ? job : null;
  });
const untilDone = (id: JobId) => reached(id, 'done', ({ state }) => state === 'done');
const untilInTheMiddle = (id: JobId) => reached(id, 'in its middle', ({ answered }) => answered > 0);

/** All results are there, and right. */
async function expectWhole(id: JobId, name: string, texts: Texts): Promise<void> {
  const shown = await command(alice, ['job', 'results', id, '--out', outFile(name)]);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(`Answered:         ${texts.items}`) });
  const lines = await linesIn(outFile(name));
  expect(lines).toHaveLength(texts.items);
  for (const { file, result } of lines) {
    const text = await readFile(fileIn(texts, file), 'utf8');
    expect(result).toBe(backwards(text));
  }
}

describe('a folder of pictures', () => {
  test('is classified encrypted, each on its own: a broken one has its error, all others their classes', async () => {
    const folder = path.join(cast.folder, 'pictures');
    await mkdir(folder);
    const names = (await readdir(path.join(DIGITS, 'data'))).filter((name) => name.endsWith('.png'));
    for (let number = 0; number < 100; number += 1) {
      const name = names[number % names.length] ?? '';
      await copyFile(path.join(DIGITS, 'data', name), path.join(folder, `${String(number).padStart(3, '0')}-${name}`));
    }
    const whole = await readFile(path.join(DIGITS, 'data', names[0] ?? ''));
    canary('a picture', whole.subarray(60, 108));
    await writeFile(path.join(folder, 'broken.png'), whole.subarray(0, 60));
    await writeFile(path.join(folder, '.hidden'), 'not an input');
    const out = outFile('pictures');
    const ran = await command(dora, ['job', 'run', 'alice/image-classification', folder, '--out', out]);
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/Answered: +100\nFailed: +1\n/) });
    const lines = await linesIn(out);
    expect(lines.map(({ item }) => item)).toEqual(Array.from({ length: 101 }, (_, index) => index));
    const [broken, ...others] = [...lines].sort((one, other) => Number(!one.error) - Number(!other.error));
    expect(broken).toMatchObject({ file: 'broken.png', error: { code: 'E_INPUT_INVALID' } });
    const labels = new Map(
      (await readFile(path.join(DIGITS, 'labels', 'labels.csv'), 'utf8')).split('\n').map(labelled),
    );
    const right = others.filter(({ file, result }) => {
      const [first] = result as readonly { readonly label: string }[];
      return first?.label === labels.get(file.slice(4));
    });
    expect(right.length).toBeGreaterThan(90);
  });

  test('is nobody else’s: neither seen nor stopped by another account, and opened on its own machine only', async () => {
    const { items } = await dora.platform.listJobs();
    const [job] = items;
    expect(job).toMatchObject({ state: 'done', functionName: 'alice/image-classification@1', answered: 101 });
    const id = parseJobId(job?.id);
    expect((await alice.platform.listJobs()).items).toEqual([]);
    expect(await refusalOf(alice, ['job', 'show', id])).toMatchObject({ code: 'E_NOT_FOUND' });
    expect(await refusalOf(alice, ['job', 'cancel', id])).toMatchObject({ code: 'E_NOT_FOUND' });
    const elsewhere = { home: await openPartyHome(path.join(cast.folder, 'dora-elsewhere')) };
    for (const name of ['token', 'session.json']) {
      await copyFile(path.join(dora.home.folder, name), path.join(elsewhere.home.folder, name));
    }
    const refused = await refusalOf(elsewhere, ['job', 'results', id, '--out', outFile('elsewhere')]);
    expect(refused).toMatchObject({ code: 'E_KEY_NOT_FOUND' });
  });

  test('leaves no input at the platform once it is answered, and its key to nobody else on the machine', async () => {
    const folder = dora.home.jobsFolder(dora.session);
    const [id = ''] = await readdir(folder);
    expect((await stat(path.join(folder, id, 'answer-key'))).mode & 0o777).toBe(0o600);
    const blobs = await readdir(path.join(cast.folder, 'platform', 'blobs'), { recursive: true, withFileTypes: true });
    // What is left are the two functions.
    expect(blobs.filter((entry) => entry.isFile())).toHaveLength(2);
  });
});

describe('a job', () => {
  test('whose runner is killed in the middle loses nothing', async () => {
    const id = await startSlow('runner-killed', LONG);
    await untilInTheMiddle(id);
    const before = await runnersOf(cast);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    const { failed } = await untilDone(id);
    expect([before.length > 0, failed]).toEqual([true, 0]);
    await expectWhole(id, 'runner-killed', LONG);
  });

  test('whose worker is killed in the middle goes on at the next one, and keeps what was answered', async () => {
    const id = await startSlow('worker-killed', LONG);
    const { answered } = await untilInTheMiddle(id);
    process.kill(await enclaveWorker(cast), 'SIGKILL');
    expect((await jobOf(id)).answered).toBeGreaterThanOrEqual(answered);
    await untilDone(id);
    await expectWhole(id, 'worker-killed', LONG);
  });

  test('is paused, resumed and done; what is asked out of turn is refused', async () => {
    const id = await startSlow('paused', LONGER);
    await untilInTheMiddle(id);
    expect(await answerTo(alice, ['job', 'pause', id])).toMatchObject({ job: { state: 'paused' } });
    const paused = await jobOf(id);
    await pause(1_000);
    expect((await jobOf(id)).answered).toBe(paused.answered);
    expect(paused.answered).toBeLessThan(LONGER.items);
    expect(await refusalOf(alice, ['job', 'pause', id])).toMatchObject({ code: 'E_CONFLICT' });
    const partly = await command(alice, ['job', 'results', id, '--out', outFile('partly')]);
    expect(partly.code).toBe(1);
    expect(await linesIn(outFile('partly'))).toHaveLength(paused.answered);
    expect(await answerTo(alice, ['job', 'resume', id])).toMatchObject({ job: { state: 'running' } });
    expect(await refusalOf(alice, ['job', 'resume', id])).toMatchObject({ code: 'E_CONFLICT' });
    await untilDone(id);
    await expectWhole(id, 'paused', LONGER);
    expect(await refusalOf(alice, ['job', 'cancel', id])).toMatchObject({ code: 'E_CONFLICT' });
  });

  test('is cancelled for good: what was answered stays, and every other item says why it has no result', async () => {
    const id = await startSlow('cancelled', LONGER);
    await untilInTheMiddle(id);
    expect(await answerTo(alice, ['job', 'cancel', id])).toMatchObject({ job: { state: 'cancelled' } });
    expect((await command(alice, ['job', 'results', id, '--out', outFile('cancelled')])).code).toBe(1);
    const lines = await linesIn(outFile('cancelled'));
    expect(lines).toHaveLength(LONGER.items);
    const { answered } = await jobOf(id);
    expect(lines.filter(({ error }) => error?.code === 'E_NOT_FOUND')).toHaveLength(LONGER.items - answered);
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(LONGER.items);
  });

  test('with an item that ends its runner answers all others', async () => {
    const folder = path.join(cast.folder, 'ending');
    await mkdir(folder);
    for (const text of ['one', 'end', 'three', 'four', 'five', 'six']) await writeFile(path.join(folder, text), text);
    const ran = await command(alice, ['job', 'run', SLOW, folder, '--out', outFile('ending')]);
    expect(ran.code).toBe(1);
    const results = (await linesIn(outFile('ending'))).map(({ file, result, error }) => [file, result ?? error?.code]);
    expect(Object.fromEntries(results)).toEqual({
      ...{ one: 'eno', three: 'eerht', four: 'ruof', five: 'evif', six: 'xis' },
      end: 'E_FUNCTION_CRASHED',
    });
  });

  test('whose watching is interrupted goes on, and is found again', async () => {
    const interrupted = await command(alice, ['job', 'run', SLOW, fileIn(LONG), '--out', outFile('watched')], {
      meanwhile: (child) => {
        let said = '';
        child.stderr?.on('data', (text: string) => {
          said += text;
          if (!child.killed && said.includes('are at the platform')) child.kill('SIGINT');
        });
      },
    });
    expect(interrupted.code).toBe(130);
    const [job] = (await alice.platform.listJobs()).items;
    const id = parseJobId(job?.id);
    expect(interrupted.stderr).toContain(`strongroom job results ${id}`);
    await untilDone(id);
    await expectWhole(id, 'watched', LONG);
  });

  test('whose function is deleted fails with its name, and keeps what was answered', async () => {
    const body = 'await new Promise((resolve) => setTimeout(resolve, Number.parseInt(text))); return text;';
    const folder = await writeFunction(path.join(cast.folder, 'deleted'), 'deleted', body);
    const { deployed } = await deployFolder(alice, folder);
    const args = ['job', 'run', 'deleted', fileIn(LONGER), '--out', outFile('deleted'), '--detach'];
    const id = parseJobId((await answerTo<{ job: Job }>(alice, args)).job.id);
    await untilInTheMiddle(id);
    await alice.platform.deleteFunction({ path: { id: deployed.id } });
    const { state, failure } = await reached(id, 'over', ({ endedAt }) => endedAt !== null);
    expect([state, failure?.code]).toEqual(['failed', 'E_NOT_FOUND']);
    expect((await command(alice, ['job', 'results', id, '--out', outFile('deleted')])).code).toBe(1);
  });

  test('is deleted once it is over, by its owner: nothing is left of it here or there, and its id is not used again', async () => {
    const id = await startSlow('erased', LONGER);
    await untilInTheMiddle(id);
    const early = await refusalOf(alice, ['job', 'delete', id, '--yes']);
    expect(early).toMatchObject({ code: 'E_CONFLICT', next: `End it first: strongroom job cancel ${id}` });
    const { createdAt: _, ...job } = await jobOf(id);
    await answerTo(alice, ['job', 'cancel', id]);
    expect(await refusalOf(dora, ['job', 'delete', id, '--yes'])).toMatchObject({ code: 'E_NOT_FOUND' });
    const rows = async () => {
      const found = [];
      for await (const [place, content] of tablesOf(path.join(cast.folder, 'platform'))) {
        if (/job_(?:answers|batches|documents)|jobs/.test(place) && content.includes(id)) found.push(place);
      }
      return found;
    };
    expect((await rows()).length).toBeGreaterThan(0);
    expect(await answerTo(alice, ['job', 'delete', id, '--yes'])).toMatchObject({ deleted: id, keyErased: true });
    expect(await rows()).toEqual([]);
    expect(await readdir(alice.home.jobsFolder(alice.session))).not.toContain(id);
    expect(await refusalOf(alice, ['job', 'show', id])).toMatchObject({ code: 'E_NOT_FOUND' });
    expect(await refusalOf(alice, ['job', 'delete', id, '--yes'])).toMatchObject({ code: 'E_NOT_FOUND' });
    const blobs = await readdir(path.join(cast.folder, 'platform', 'blobs'), { recursive: true, withFileTypes: true });
    // The two functions: no batch of any job.
    expect(blobs.filter((entry) => entry.isFile())).toHaveLength(2);
    const again = alice.platform.createJob({
      path: { id: job.functionId },
      body: { ...{ id, checksum: job.checksum, nonce: job.nonce, answerKey: job.answerKey }, batches: [ONE_BATCH] },
    });
    await expect(again).rejects.toMatchObject({ code: 'E_CONFLICT' });
  });
});

test('no byte of what was sent and answered is in the database, a history, a blob or a log', async () => {
  const search = new CanarySearch(canaries);
  const platform = path.join(cast.folder, 'platform');
  const traces = [];
  for await (const [place, content] of filesBelow(platform)) traces.push(...search.tracesIn(content, place));
  for await (const [place, content] of tablesOf(platform)) traces.push(...search.tracesIn(content, place));
  const histories = [];
  for await (const { type, workflowId, runId } of cast.temporal.client.workflow.list()) {
    const history = historyToJSON(await cast.temporal.client.workflow.getHandle(workflowId, runId).fetchHistory());
    if (type === 'runJob') histories.push(workflowId);
    traces.push(...search.tracesIn(Buffer.from(history), `history of ${workflowId}`));
  }
  expect(traces).toEqual([]);
  expect(histories.length).toBeGreaterThan(5);
  const { items } = await dora.platform.listJobs();
  expect(histories).toContain(runJobWorkflowId(parseJobId(items[0]?.id)));
});

const labelled = (line: string): readonly [string, string] => {
  const [file = '', label = ''] = line.split(',');
  return [path.basename(file), label.trim()];
};
