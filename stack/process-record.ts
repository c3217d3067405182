/** Which processes are ours, written down while they run: a killed supervisor's are found and ended at the next start. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface ProcessRecord {
  readonly pid: number;
  /** As `ps` says it: process ids are used again, so an id alone proves nothing. */
  readonly startedAt: string;
}

const folderOf = (dataFolder: string): string => path.join(dataFolder, 'processes');
const fileOf = (dataFolder: string, name: string): string => path.join(folderOf(dataFolder), `${name}.json`);

export async function recordProcess(dataFolder: string, name: string, pid: number): Promise<void> {
  const startedAt = await startOf(pid);
  if (startedAt === null) return;
  await mkdir(folderOf(dataFolder), { recursive: true, mode: 0o700 });
  await writeFile(fileOf(dataFolder, name), JSON.stringify({ pid, startedAt }), { mode: 0o600 });
}

export const forgetProcess = (dataFolder: string, name: string): Promise<void> =>
  rm(fileOf(dataFolder, name), { force: true });

/** Ends what an earlier supervisor left running, and answers the names. */
export async function endLeftovers(dataFolder: string): Promise<string[]> {
  const ended: string[] = [];
  for (const file of await readdir(folderOf(dataFolder)).catch(() => [])) {
    const name = path.basename(file, '.json');
    const record = JSON.parse(await readFile(fileOf(dataFolder, name), 'utf8')) as ProcessRecord;
    if (await isRunning(record)) {
      await end(record, STOP_SIGNALS[name] ?? 'SIGTERM');
      ended.push(name);
    }
    await forgetProcess(dataFolder, name);
  }
  return ended;
}

/** By SIGTERM Postgres would wait for its clients, which may be ended after it. */
const STOP_SIGNALS: Readonly<Record<string, NodeJS.Signals>> = { postgres: 'SIGINT' };
const GRACE_MS = 15_000;

async function end(record: ProcessRecord, signal: NodeJS.Signals): Promise<void> {
  process.kill(record.pid, signal);
  for (const begun = Date.now(); Date.now() - begun < GRACE_MS;) {
    if (!(await isRunning(record))) return;
    await pause(100);
  }
  process.kill(record.pid, 'SIGKILL');
}

const isRunning = async ({ pid, startedAt }: ProcessRecord): Promise<boolean> => (await startOf(pid)) === startedAt;

/** When a process began; `null` where there is none, or only what is left of a dead one. */
async function startOf(pid: number): Promise<string | null> {
  const answer = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => null);
  const [, state, startedAt] = /^\s*(\S+)\s+(.+?)\s*$/.exec(answer?.stdout ?? '') ?? [];
  return state === undefined || startedAt === undefined || state.startsWith('Z') ? null : startedAt;
}
