/** A newcomer types what the README says, on a terminal, party by party. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { packDataset } from '../../containers/dataset-archive.ts';
import { buildExampleImage } from '../../examples/build-image.ts';
import { onTerminal, type Sitting } from '../support/on-terminal.ts';
import { ReadmeCommands } from './readme-commands.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const EXAMPLES = path.join(ROOT, 'examples');
const PASSWORD = 'correct horse battery staple\r';
const readme = new ReadmeCommands();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-readme-'));
  await chmod(folder, 0o755);
  await mkdir(path.join(folder, 'bin'));
  const launcher = path.join(ROOT, 'cli', 'strongroom.mjs');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${launcher}' "$@"\n`;
  await writeFile(path.join(folder, 'bin', 'strongroom'), script, { mode: 0o755 });
  for (const name of ['digits-model', 'digits-metrics'] as const) await buildExampleImage(name, () => undefined);
  const work = path.join(folder, 'ann');
  await mkdir(work);
  await pipeline(
    packDataset(path.join(EXAMPLES, 'digits-data', 'benchmark')),
    createWriteStream(path.join(work, 'test.tar')),
  );
  await copyFile(
    path.join(EXAMPLES, 'digits-metrics', 'container_config.yaml'),
    path.join(work, 'container_config.yaml'),
  );
});

afterAll(async () => {
  for (const person of ['alice', 'ann', 'ben', 'cleo', 'dora']) await type(person, 'strongroom agent stop');
  await type('operator', 'strongroom down');
  await rm(folder, { recursive: true, force: true });
});

const sealed = () => path.join(folder, 'picture.sealed');

const environment = (person: string) => ({
  PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`,
  STRONGROOM_DATA: path.join(folder, 'platform'),
  STRONGROOM_HOME: path.join(folder, `${person}-home`),
  STRONGROOM_OPERATORS: 'ann',
});

const type = (person: string, line: string, sitting: Sitting = {}) =>
  onTerminal(line, { env: environment(person), cwd: folder, ...sitting });

interface Given extends Sitting {
  readonly fill?: Readonly<Record<string, string>>;
}

/** Types the README's command that begins so; it must succeed. */
async function follow(person: string, beginning: string, { fill, ...sitting }: Given = {}): Promise<string> {
  const { code, shown } = await type(person, readme.take(beginning, fill), sitting);
  if (code !== 0) throw new Error(`${beginning} ended with ${String(code)}:\n${shown}`);
  return shown;
}

async function verificationToken(person: string): Promise<string> {
  const outbox = path.join(folder, 'platform', 'outbox');
  for (const name of await readdir(outbox)) {
    const mail = await readFile(path.join(outbox, name), 'utf8');
    const token = /[?]token=([\w.-]+)/.exec(mail)?.[1];
    if (token !== undefined && mail.includes(`${person}@example.org`)) return token;
  }
  throw new Error(`There is no mail with a token for ${person}.`);
}

async function join(person: string): Promise<void> {
  const fill = { alice: person };
  const twice = [
    ['Password:', PASSWORD],
    ['Password, again:', PASSWORD],
  ] as const;
  await follow(person, 'strongroom signup', { fill, answers: twice });
  await follow(person, 'strongroom verify', { fill: { TOKEN: await verificationToken(person) } });
  await follow(person, 'strongroom login', { fill, answers: [['Password:', PASSWORD]] });
  expect(await follow(person, 'strongroom whoami')).toContain(`${person}@example.org`);
}

/** Waits until the committee has an open request of a kind, and approves it. */
async function approve(kind: 'container' | 'dataset'): Promise<void> {
  const id = await openRequest(kind);
  const fill = { ID: id };
  for (const member of ['ann', 'ben']) {
    await follow(member, 'strongroom review list');
    expect(await follow(member, 'strongroom review show', { fill })).toContain(id);
    await follow(member, 'strongroom review approve', { fill });
  }
}

async function openRequest(kind: string): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { shown } = await type('ann', 'strongroom review list --json');
    const { items } = JSON.parse(shown) as { items: { id: string; kind: string; state: string }[] };
    const open = items.find((item) => item.kind === kind && item.state === 'requested');
    if (open) return open.id;
    await pause(500);
  }
  throw new Error(`No request of a ${kind} reached the committee.`);
}

test('an operator brings the platform up and sees that it runs', async () => {
  expect(await follow('operator', 'strongroom up')).toMatch(/API reference: +http/);
  expect(await follow('operator', 'strongroom status')).toContain('Temporal Web UI');
  expect(await follow('operator', 'strongroom config')).toContain('dataFolder');
});

test('everyone gets an account, and the doctor finds nothing wrong', async () => {
  for (const person of ['alice', 'ann', 'ben', 'cleo', 'dora']) await join(person);
  expect(await follow('alice', 'strongroom doctor')).not.toContain('FAIL');
});

test('a committee publishes a benchmark', async () => {
  await follow('ann', 'strongroom benchmark create', { cwd: path.join(folder, 'ann') });
});

test('a model owner submits a container and has it accepted', async () => {
  const cwd = path.join(EXAMPLES, 'digits-model');
  await follow('alice', 'strongroom certificate create', { cwd });
  await follow('alice', 'strongroom container submit', { cwd });
  const association = follow('alice', 'strongroom container associate', {
    answers: [['Send these results to the platform? [y/n]', 'y\r']],
  });
  await Promise.race([approve('container'), association]);
  expect(await association).toContain('is approved');
});

test('a data owner is authorised, is granted access, and runs the model', async () => {
  await follow('dora', 'strongroom certificate create');
  const pictures = path.join(EXAMPLES, 'digits-data', 'data-owner-one');
  await follow('dora', 'strongroom dataset register', { fill: { FOLDER: pictures } });
  await follow('dora', 'strongroom dataset associate');
  await approve('dataset');
  await follow('alice', 'strongroom access grant');
  await follow('alice', 'strongroom access auto');
  await follow('dora', 'strongroom run alice', {
    answers: [['Send these results to the platform? [y/n]', 'y\r']],
  });
  expect(await follow('ann', 'strongroom benchmark results')).toContain('accuracy');
});

test('the owner lists, revokes and ends access', async () => {
  expect(await follow('alice', 'strongroom access list')).toContain('dora@example.org');
  await follow('alice', 'strongroom access revoke');
  expect(await follow('alice', 'strongroom container rotate-key')).toContain('Wrapped anew');
  await follow('alice', 'strongroom access delete-keys', {
    answers: [['Type "digits-model" to go on:', 'digits-model\r']],
  });
});

test('a data owner takes the dataset back', async () => {
  expect(await follow('dora', 'strongroom dataset withdraw')).toContain('closed');
});

test('an owner deploys a function, and gets the classes of a picture, also of an encrypted one', async () => {
  await follow('alice', 'strongroom function init');
  const checksum =
    /[0-9a-f]{64}/.exec(await follow('alice', 'strongroom function checksum', { cwd: ROOT }))?.[0] ?? '-';
  expect(await follow('alice', 'strongroom function deploy', { cwd: ROOT })).toContain(checksum);
  expect(await follow('alice', 'strongroom function list')).toContain('image-classification');
  expect(await follow('alice', 'strongroom run image-classification examples', { cwd: ROOT })).toMatch(/\b0\b/);
  await follow('alice', 'strongroom encrypt', { cwd: ROOT, fill: { 'picture.sealed': sealed() } });
  const answer = await follow('alice', 'strongroom run image-classification --sealed', {
    fill: { 'picture.sealed': sealed() },
  });
  expect(answer).toMatch(/\b0\b/);
  expect(await follow('alice', 'strongroom attestation show')).toMatch(/passed +function checksum/);
  expect(await follow('alice', 'strongroom log verify')).toContain('is whole');
  expect(await follow('alice', 'strongroom log show')).toContain('image-classification');
  expect(await follow('alice', 'strongroom token create')).toContain('sr_pat_');
});

test('a folder of pictures is a job, which is found again later', async () => {
  const [classes, again] = ['classes.jsonl', 'again.jsonl'].map((name) => path.join(folder, name));
  const fill = { 'classes.jsonl': classes ?? '' };
  expect(await follow('alice', 'strongroom job run', { cwd: ROOT, fill })).toMatch(/Answered: +40/);
  const id = /[0-9a-f-]{36}/.exec(await follow('alice', 'strongroom job list'))?.[0] ?? '-';
  expect(await follow('alice', 'strongroom job show', { fill: { ID: id } })).toContain('done');
  await follow('alice', 'strongroom job results', { fill: { ID: id, 'classes-again.jsonl': again ?? '' } });
  expect(await readFile(again ?? '', 'utf8')).toBe(await readFile(classes ?? '', 'utf8'));
  expect(await follow('alice', 'strongroom job delete', { fill: { ID: id } })).toContain('is erased');
});

test('an operator verifies the audit log, keeps a copy of everything, and ends the platform', async () => {
  expect(await follow('ann', 'strongroom audit verify')).toMatch(/whole: \d\d+ entries/);
  const backups = path.join(folder, 'backups');
  await mkdir(backups);
  await follow('operator', 'strongroom backup', { fill: { '/backups': backups } });
  expect(await readdir(backups)).toEqual(['today']);
  await follow('operator', 'strongroom down');
});

test('no command of the README was left untried', () => {
  expect(readme.untried).toEqual([]);
});
