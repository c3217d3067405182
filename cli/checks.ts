/** What `strongroom doctor` looks at: each check says what it found and how to put it right. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { formatBytes } from '../domain/format-bytes.ts';
import { agentState } from './agent.ts';
import type { Context } from './context.ts';
import { temporalAddress } from './temporal.ts';
import { toFailure } from './failure.ts';

export interface Check {
  readonly name: string;
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly found: string;
  /** One command or step that puts it right. */
  readonly fix: string | null;
}

type Finding = Omit<Check, 'name'>;
const LITTLE_SPACE = 10e9;
const LIMIT_MS = 10_000;
const run = promisify(execFile);

const pass = (found: string): Finding => ({ verdict: 'pass', found, fix: null });
const bad = (verdict: 'warn' | 'fail', found: string, fix: string): Finding => ({ verdict, found, fix });

const CHECKS: Readonly<Record<string, (context: Context) => Promise<Finding>>> = {
  Docker: checkDocker,
  gpg: checkGpg,
  Disk: checkDisk,
  Platform: checkPlatform,
  Account: checkAccount,
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

async function checkDisk(context: Context): Promise<Finding> {
  const { folder } = await context.home();
  const { bavail, bsize } = await statfs(folder);
  const free = `${formatBytes(bavail * bsize)} free in ${folder}`;
  return bavail * bsize > LITTLE_SPACE ? pass(free) : bad('warn', free, 'Free some space: images take gigabytes.');
}

async function checkPlatform(context: Context): Promise<Finding> {
  const url = await context.apiUrl();
  const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => null);
  if (!answer) return bad('fail', `${url} does not answer.`, 'strongroom up, or check --api.');
  if (!answer.ok) return bad('fail', `${url} is not ready (${answer.status}).`, "Look into the platform's logs.");
  const skew = Math.abs(Date.now() - Date.parse(answer.headers.get('date') ?? ''));
  if (skew > 60_000) return bad('warn', `The clocks differ by ${Math.round(skew / 1000)} s.`, 'Set the clock.');
  return pass(`${url} is ready`);
}

async function checkAccount(context: Context): Promise<Finding> {
  const { handle } = await (await context.platform()).readAccount({ signal: AbortSignal.timeout(LIMIT_MS) });
  return pass(`logged in as ${handle}`);
}

async function checkTemporal(context: Context): Promise<Finding> {
  const agent = await agentState(await context.home());
  const address = agent?.temporal.address ?? (await temporalAddress(context));
  if (address === null) return pass('the agent brings its own');
  const { connectTemporalClient } = await import('../stack/temporal-connection.ts');
  const open = await connectTemporalClient(await context.configuration(), address).catch(() => null);
  if (!open) return bad('fail', `Temporal at ${address} does not answer.`, 'strongroom up, or check TEMPORAL_ADDRESS.');
  await open.close();
  return pass(`${address} answers`);
}

async function checkAgent(context: Context): Promise<Finding> {
  const agent = await agentState(await context.home());
  if (agent) return pass(`runs for ${agent.account} (process ${agent.pid})`);
  return bad('warn', 'The agent does not run; a command that needs it starts it.', 'strongroom agent start');
}
