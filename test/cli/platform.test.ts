import { chmod, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { found, until } from '../support/patience.ts';
import { failureIn, strongroom, testFolder, type Ran, type TestFolder } from './support.ts';

const PASSWORD = 'a-password-to-recognise-42';
let folder: TestFolder;
let env: Record<string, string>;

const run = (line: string, options: { stdin?: string } = {}): Promise<Ran> =>
  strongroom([...line.split(' '), '--json', '--home', folder.in('home')], { env, ...options });
const answer = (ran: Ran) => {
  if (ran.code !== 0) throw new Error(ran.stdout + ran.stderr);
  return JSON.parse(ran.stdout) as Record<string, unknown>;
};

beforeAll(async () => {
  folder = await testFolder();
  // Postgres may not run as root, and its own user must get to its folder.
  await chmod(folder.path, 0o711);
  env = { STRONGROOM_DATA: folder.in('platform'), STRONGROOM_LOG_LEVEL: 'warn' };
  answer(await run('up'));
});

afterAll(async () => {
  await run('agent stop');
  await run('down');
  await folder[Symbol.asyncDispose]();
});

/** Until a process has a connection besides its own three streams. */
const untilConnected = (pid: number) =>
  until('it is connected', async () => {
    const files = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
    return links.filter((link) => link.startsWith('socket:')).length > 3;
  });

/** Of the mails to verify an address, the newest one's, once there are so many. */
async function verificationToken(mails: number): Promise<string> {
  const outbox = folder.in('platform/outbox');
  return found(`there are ${mails} mails with a token`, async () => {
    const names = (await readdir(outbox)).sort();
    const read = await Promise.all(
      names.map(async (name) => /token=([\w.-]+)/.exec(await readFile(join(outbox, name), 'utf8'))?.[1]),
    );
    const tokens = read.filter((token) => token !== undefined);
    return tokens.length === mails ? tokens.at(-1) : null;
  });
}

test('from the sign-up to an agent at work, nobody but the owner can read the token, and no password is in an argument', async () => {
  const commandLines: string[] = [];
  const signUp = 'signup --email alice@example.org --handle alice --password-file -';
  answer(await run(signUp, { stdin: `${PASSWORD}\n` }));
  await verificationToken(1);
  answer(await run('verification resend --email alice@example.org'));
  answer(await run(`verify ${await verificationToken(2)}`));
  const logIn = await strongroom(
    [...'login --email alice@example.org --password-file - --json --home'.split(' '), folder.in('home')],
    {
      env,
      stdin: `${PASSWORD}\n`,
      meanwhile: (child) => {
        void readFile(`/proc/${child.pid ?? 0}/cmdline`, 'utf8').then((line) => commandLines.push(line));
      },
    },
  );
  expect(answer(logIn)).toMatchObject({ handle: 'alice' });
  expect(commandLines.join()).not.toContain(PASSWORD);
  const token = (await readFile(folder.in('home/token'), 'utf8')).trim();
  expect(logIn.stdout + logIn.stderr).not.toContain(token);
  expect((await stat(folder.in('home/token'))).mode & 0o777).toBe(0o600);
  expect((await stat(folder.in('home'))).mode & 0o777).toBe(0o700);
  expect(answer(await run('whoami'))).toMatchObject({ account: { handle: 'alice', emailVerified: true } });

  const made = answer(await run('certificate create')) as { certificate: { fingerprint: string } };
  expect(answer(await run('certificate show'))).toMatchObject({
    items: [{ fingerprint: made.certificate.fingerprint }],
  });
  const second = await run('certificate create');
  expect([second.code, failureIn(second).code]).toEqual([7, 'E_ALREADY_EXISTS']);

  await mkdir(folder.in('wards/data'), { recursive: true });
  await mkdir(folder.in('wards/labels'));
  await writeFile(folder.in('wards/data/1.txt'), 'one');
  await writeFile(folder.in('wards/labels/1.txt'), '1');
  const registered = await run(`dataset register ${folder.in('wards')} --name wards`);
  expect(answer(registered)).toMatchObject({ dataset: { name: 'wards', files: 2 } });
  expect(registered.stderr).toContain('✔');
  expect(answer(await run('agent status'))).toMatchObject({ running: true, agent: { account: 'alice' } });
  expect(answer(await run('workflow show dataset/alice/wards'))).toMatchObject({ state: 'completed' });
  const missing = await run('workflow cancel container/alice/none');
  expect([missing.code, failureIn(missing).code]).toEqual([6, 'E_NOT_FOUND']);
  const refused = await run('dataset associate wards --benchmark none');
  expect([refused.code, failureIn(refused).code]).toEqual([6, 'E_NOT_FOUND']);
});

test('--watch shows each change and ends with the work; Ctrl-C while following leaves the work alone and says how to follow and how to cancel it', async () => {
  const { platform } = answer(await run('status')) as { platform: { addresses: { temporal: string } } };
  const connection = await Connection.connect({ address: platform.addresses.temporal });
  const workflowId = 'work/that/waits';
  await new Client({ connection }).workflow.start('waits', { workflowId, taskQueue: 'nobody', args: [] });
  const ran = await strongroom(['workflow', 'follow', workflowId, '--json', '--home', folder.in('home')], {
    env,
    meanwhile: (child) => {
      void untilConnected(child.pid ?? 0).then(() => child.kill('SIGINT'));
    },
  });
  expect([ran.code, failureIn(ran).code]).toEqual([130, 'E_INTERRUPTED']);
  expect(failureIn(ran).next).toBe(
    `Follow: strongroom workflow follow ${workflowId}. Cancel: strongroom workflow cancel ${workflowId}`,
  );
  expect(answer(await run(`workflow show ${workflowId}`))).toMatchObject({ state: 'running' });
  expect(answer(await run(`workflow cancel ${workflowId}`))).toMatchObject({ workflowId });
  const watched = await strongroom(['workflow', 'show', workflowId, '--watch', '--json', '--home', folder.in('home')], {
    env,
    meanwhile: (child) => {
      child.stdout?.once('data', () => void new Client({ connection }).workflow.getHandle(workflowId).terminate());
    },
  });
  const states = watched.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { state: string }).state);
  expect([watched.code, states]).toEqual([0, ['running', 'terminated']]);
  const followed = await run(`workflow follow ${workflowId}`);
  expect(failureIn(followed).message).toBe(`${workflowId} was cancelled.`);
  await connection.close();
});

test('where nobody can be asked, keys are not deleted without --yes, and consent must be said beforehand', async () => {
  const deletion = await run('access delete-keys digits-model --benchmark digits');
  expect(failureIn(deletion)).toMatchObject({ code: 'E_USAGE', next: 'Answer with --yes.' });
  const association = await run('container associate digits-model --benchmark digits');
  expect(failureIn(association)).toMatchObject({ code: 'E_USAGE', next: 'Add --send-results or --keep-results.' });
});

test('status and doctor find the platform, and a second up joins the first', async () => {
  const status = answer(await run('status')) as { platform: { pid: number } };
  expect(answer(await run('up'))).toMatchObject({ started: false, platform: { pid: status.platform.pid } });
  const { checks } = answer(await run('doctor')) as { checks: { name: string; verdict: string }[] };
  expect(checks).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'Temporal', verdict: 'pass' })]));
  for (const name of ['Platform', 'Clock', 'Account', 'Token', 'Certificate']) {
    expect(checks).toEqual(expect.arrayContaining([expect.objectContaining({ name, verdict: 'pass' })]));
  }
});
