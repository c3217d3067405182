/** What runs of the embedded platform, as its background process writes it to `stack.json` in the data folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { StackAddresses } from '../stack/stack.ts';
import { runs } from '../stack/process-alive.ts';

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
  return (await runs(state.pid, 'platform-process.ts')) ? state : null;
}
