/** Resident memory of processes, from /proc. */
import { readdir, readFile } from 'node:fs/promises';

interface Status {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly resident: number;
}

async function statusOf(pid: number): Promise<Status | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  if (text === null) return null;
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
  return { pid, parent: Number(field('PPid')), name: field('Name'), resident: Number(field('VmRSS')) * 1024 };
}

/** In bytes; 0 where there is no such process. */
export const memoryOf = async (pid: number): Promise<number> => (await statusOf(pid))?.resident ?? 0;

/** Of all processes below the children of `pid` that are called `name`, these included, in bytes. */
export async function memoryBelow(pid: number, name: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const all = (await Promise.all(pids.map(statusOf))).filter((status) => status !== null);
  const below = (parent: number): Status[] =>
    all.filter((status) => status.parent === parent).flatMap((status) => [status, ...below(status.pid)]);
  const tops = all.filter((status) => status.parent === pid && status.name === name);
  return tops.flatMap((top) => [top, ...below(top.pid)]).reduce((sum, { resident }) => sum + resident, 0);
}

/** The processes below `pid` that are called `name`, its own children only. */
export async function childrenCalled(pid: number, name: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const all = (await Promise.all(pids.map(statusOf))).filter((status) => status !== null);
  return all.filter((status) => status.parent === pid && status.name === name).map((status) => status.pid);
}
