/** What a program took: time, processor time and memory, from /proc while it runs. */
import { execFile, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Call } from './tools.ts';

export interface Taken {
  readonly seconds: number;
  /** Of all its threads, in user and system mode. */
  readonly cpuSeconds: number;
  /** The most resident memory it had, in bytes. */
  readonly peakMemory: number;
}

const TICKS_PER_SECOND = 100;
const LOOK_EVERY_MS = 5;

/**
 * Runs the program to its end, its output thrown away, on a disk that has nothing left to write of the one before. Fails
 * where it fails, with what it said.
 */
export async function measure({ program, args, thenSync }: Call): Promise<Taken> {
  await promisify(execFile)('sync');
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  let seconds = 0;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('exit', () => (seconds = (performance.now() - began) / 1000));
    child.on('close', resolve);
  });
  let last = { cpuSeconds: 0, peakMemory: 0 };
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    last = (await look(child.pid)) ?? last;
    await sleep(LOOK_EVERY_MS);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}: ${said}`);
  if (thenSync !== undefined) seconds += await secondsOfSync(thenSync);
  return { seconds, ...last };
}

async function secondsOfSync(path: string): Promise<number> {
  const began = performance.now();
  await using file = await open(path);
  await file.sync();
  return (performance.now() - began) / 1000;
}

async function look(pid: number): Promise<Omit<Taken, 'seconds'> | null> {
  try {
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const peak = /^VmHWM:\s*(\d+)/m.exec(status)?.[1];
    // The name of the program, in brackets, may hold spaces: fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return peak === undefined ? null : { cpuSeconds: ticks / TICKS_PER_SECOND, peakMemory: Number(peak) * 1024 };
  } catch {
    return null;
  }
}
