/** What runs of the embedded platform, as its background process writes it to `stack.json` in the data folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { StackAddresses } from '../stack/stack.ts';

export interface PlatformState {
  readonly pid: number;
  readonly startedAt: string;
  readonly addresses: StackAddresses;
}

export const platformStateFile = (dataFolder: string): string => path.join(dataFolder, 'stack.json');
export const platformLogFile = (dataFolder: string): string => path.join(dataFolder, 'logs', 'stack.log');

/** The running platform, or `null`. A file that a killed process left behind counts for nothing. */
export async function readPlatformState(dataFolder: string): Promise<PlatformState | null> {
  const content = await readFile(platformStateFile(dataFolder), 'utf8').catch(() => null);
  if (content === null) return null;
  const state = JSON.parse(content) as PlatformState;
  return (await isPlatform(state.pid)) ? state : null;
}

/** Process ids are used again: on Linux the command line tells whether it is the platform that has this one now. */
async function isPlatform(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  return commandLine === null ? process.platform !== 'linux' : commandLine.includes('platform-process.ts');
}
