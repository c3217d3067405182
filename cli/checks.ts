/** What `strongroom doctor` looks at: each check says what it found and how to put it right. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { formatBytes } from '../domain/format-bytes.ts';
import { parseHandle } from '../domain/ids.ts';
import { ownerTaskQueue } from '../workflows/task-queues.ts';
import { agentState } from './agent.ts';
import { readVersion } from './command-index.ts';
import type { Context } from './context.ts';
import { temporalAddress } from './temporal.ts';
import { toFailure } from './failure.ts';
import { everyItem } from '../client/pages.ts';

export interface Check {
  readonly name: string;
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly found: string;
  /** One command or step that puts it right. */
  readonly fix: string | null;
}

type Finding = Omit<Check, 'name'>;
const NODE = 24;
const LITTLE_SPACE = 10e9;
const MOST_SKEW_SECONDS = 60;
const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
const LIMIT_MS = 10_000;
const run = promisify(execFile);

const pass = (found: string): Finding => ({ verdict: 'pass', found, fix: null });
const bad = (verdict: 'warn' | 'fail', found: string, fix: string): Finding => ({ verdict, found, fix });

const NOBODY = bad('warn', 'Nobody is logged in.', 'strongroom login');

const CHECKS: Readonly<Record<string, (context: Context) => Promise<Finding>>> = {
  Versions: checkVersions,
  Docker: checkDocker,
  gpg: checkGpg,
  Disk: checkDisk,
  Platform: checkPlatform,
  Clock: checkClock,
  Account: checkAccount,
  Token: checkToken,
  Certificate: checkCertificate,
  Temporal: checkTemporal,
  Agent: checkAgent,
};

/** All checks; one that breaks off is a failed one. */
export const runChecks = (context: Context): Promise<Check[]> =>
  Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      const found = await check(context).catch((error: unknown) => {
        const { message, next } = toFailure(error);
        return bad('fail', message, next ?? '');
      });
      return { name, ...found };
    }),
  );

async function checkDocker(): Promise<Finding> {
  const args = ['version', '--format', '{{.Server.Version}}'];
  const version = await run('docker', args, { timeout: LIMIT_MS }).catch(() => null);
  if (version) return pass(`Docker Engine ${version.stdout.trim()}`);
  return bad('fail', 'Docker Engine does not answer.', 'Install it (Debian: apt install docker.io) and start it.');
}

async function checkGpg(): Promise<Finding> {
  const version = await run('gpg', ['--version'], { timeout: LIMIT_MS }).catch(() => null);
  if (version) return pass(version.stdout.split('\n')[0] ?? 'gpg');
  return bad('warn', 'gpg is not installed; only your own checks need it.', 'apt install gnupg');
}

async function checkVersions(): Promise<Finding> {
  const found = `Strongroom ${readVersion()}, Node ${process.versions.node}`;
  return Number(process.versions.node.split('.')[0]) >= NODE ? pass(found) : bad('fail', found, 'npm ci');
}

/** Against the largest archive at hand: it is there as ciphertext, as plaintext and in Docker while it is worked on. */
async function checkDisk(context: Context): Promise<Finding> {
  const { folder } = await context.home();
  const { bavail, bsize } = await statfs(folder);
  const containers = await ownContainers(context).catch(() => []);
  const needed = Math.max(
    LITTLE_SPACE,
    ...containers.map(({ archive, plaintextSize }) => archive.size + 2 * plaintextSize),
  );
  const found = `${formatBytes(bavail * bsize)} free in ${folder}, ${formatBytes(needed)} needed at a time`;
  return bavail * bsize > needed ? pass(found) : bad('warn', found, 'docker system prune');
}

const ownContainers = async (context: Context) => {
  const platform = await context.platform();
  return everyItem((page) => platform.listContainers({ query: page }));
};

async function checkPlatform(context: Context): Promise<Finding> {
  const url = await context.apiUrl();
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => null);
  if (!answer) return bad('fail', `${url} does not answer.`, 'strongroom up, or check --api.');
  if (!answer.ok) return bad('fail', `${url} is not ready (${answer.status}).`, "Look into the platform's logs.");
  return pass(`${url} is ready, and gets work done`);
}

async function checkClock(context: Context): Promise<Finding> {
  const answer = await fetch(`${await context.apiUrl()}/livez`, { signal: AbortSignal.timeout(LIMIT_MS) });
  const seconds = Math.round(Math.abs(Date.now() - Date.parse(answer.headers.get('date') ?? '')) / 1000);
  const found = `${seconds} s from the platform's`;
  return seconds <= MOST_SKEW_SECONDS ? pass(found) : bad('fail', found, 'timedatectl set-ntp true');
}

async function checkAccount(context: Context): Promise<Finding> {
  const { handle } = await (await context.platform()).readAccount({ signal: AbortSignal.timeout(LIMIT_MS) });
  return pass(`logged in as ${handle}`);
}

/** Of a session nobody is told when it ends; `checkAccount` says whether it holds. */
async function checkToken(context: Context): Promise<Finding> {
  const session = await (await context.home()).session();
  if (!session) return NOBODY;
  const { token } = session;
  const platform = await context.platform();
  const signal = AbortSignal.timeout(LIMIT_MS);
  const items = await everyItem((page) => platform.listTokens({ query: page, signal }));
  const own = items.find(({ start }) => token.startsWith(start));
  if (!own) return pass('a session of 30 days');
  return untilExpiry(`token ${own.name}`, own.expiresAt, `strongroom token create --name ${own.name}`);
}

async function checkCertificate(context: Context): Promise<Finding> {
  if (!(await (await context.home()).session())) return NOBODY;
  const platform = await context.platform();
  const signal = AbortSignal.timeout(LIMIT_MS);
  const items = await everyItem((page) => platform.listCertificates({ query: page, signal }));
  const valid = items.find(({ state }) => state === 'valid');
  if (!valid) return bad('warn', 'There is no valid one; grants need it.', 'strongroom certificate create');
  return untilExpiry(`certificate ${valid.fingerprint.slice(-16)}`, valid.expiresAt, 'strongroom certificate create');
}

function untilExpiry(what: string, expiresAt: string | null, fix: string): Finding {
  if (expiresAt === null) return pass(`${what} does not expire`);
  const days = Math.floor((Date.parse(expiresAt) - Date.now()) / DAY_MS);
  const found = days < 0 ? `${what} has expired` : `${what} expires in ${days} days`;
  if (days < 0) return bad('fail', found, fix);
  return days > SOON_DAYS ? pass(found) : bad('warn', found, fix);
}

async function checkTemporal(context: Context): Promise<Finding> {
  const agent = await agentState(await context.home());
  const address = agent?.temporal.address ?? (await temporalAddress(context));
  if (address === null) return pass('the agent brings its own');
  const { connectTemporalClient } = await import('../stack/temporal-connection.ts');
  const open = await connectTemporalClient(await context.configuration(), address).catch(() => null);
  if (!open) return bad('fail', `Temporal at ${address} does not answer.`, 'strongroom up, or check TEMPORAL_ADDRESS.');
  try {
    const { workflowService, options } = open.client;
    const { namespace } = options;
    await open.client.withDeadline(Date.now() + LIMIT_MS, () => workflowService.describeNamespace({ namespace }));
    if (!agent) return pass(`${address} answers`);
    return await checkTaken(open.client, agent.account, address);
  } finally {
    await open.close();
  }
}

/** Temporal can answer while nobody takes work from it: the agent must have asked for some in the last minutes. */
async function checkTaken(client: Client, account: string, address: string): Promise<Finding> {
  const name = ownerTaskQueue(parseHandle(account));
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
  });
  if (pollers.length > 0) return pass(`${address} answers, and the agent takes work from it`);
  return bad(
    'fail',
    `Nobody takes work from ${name} at ${address}.`,
    'strongroom agent stop && strongroom agent start',
  );
}

async function checkAgent(context: Context): Promise<Finding> {
  const agent = await agentState(await context.home());
  if (agent) return pass(`runs for ${agent.account} (process ${agent.pid})`);
  return bad('warn', 'The agent does not run; a command that needs it starts it.', 'strongroom agent start');
}
