/** Starts and stops the embedded platform in the background. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StrongroomError } from '../domain/errors.ts';
import type { PlatformConfiguration } from '../stack/configuration.ts';
import { platformLogFile, readPlatformState, type PlatformState } from './platform-state.ts';

const PROGRAM = fileURLToPath(new URL('platform-process.ts', import.meta.url));
const LOOK_MS = 200;
/** Temporal is built once where it cannot be had otherwise, and that takes minutes. */
const START_MS = 15 * 60_000;
const STOP_MS = 60_000;

/** What `strongroom up` would run with. Fails with `E_CONFIG`. */
export async function platformConfiguration(): Promise<PlatformConfiguration> {
  const { readPlatformConfiguration } = await import('../stack/configuration.ts');
  return readPlatformConfiguration();
}

/** Fails with `E_CONFIG` here, and not only in the log of a process. */
export async function checkLogInSettings(configuration: PlatformConfiguration): Promise<void> {
  const { readLogInSettings } = await import('../stack/log-in-settings.ts');
  readLogInSettings(configuration);
}

/** Starts the platform and waits until all of it answers; `report` hears of each part. */
export async function startPlatform(
  dataFolder: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<PlatformState> {
  const logFile = platformLogFile(dataFolder);
  await mkdir(dataFolder, { recursive: true, mode: 0o711 });
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = await open(logFile, 'w', 0o600);
  const child = spawn(process.execPath, [PROGRAM], { detached: true, stdio: ['ignore', log.fd, log.fd] });
  const end = { ended: false };
  child.on('exit', () => (end.ended = true)).on('error', () => (end.ended = true));
  child.unref();
  await log.close();
  const reported = { lines: 0 };
  for (const begun = Date.now(); !end.ended && Date.now() - begun < START_MS;) {
    const lines = await logLines(logFile);
    for (const line of lines.slice(reported.lines)) report(line);
    reported.lines = lines.length;
    const state = await readPlatformState(dataFolder);
    if (state && state.pid === child.pid) return state;
    await sleep(LOOK_MS, undefined, { signal }).catch((error: unknown) => {
      child.kill('SIGTERM');
      throw error;
    });
  }
  child.kill('SIGTERM');
  throw new StrongroomError('E_UNAVAILABLE', 'The platform could not be started.', {
    why: (await logLines(logFile)).at(-1) ?? 'It said nothing.',
    next: `Look into its log: ${logFile}`,
  });
}

/** Stops the platform and waits for it; answers with what ran, or `null` where nothing did. */
export async function stopPlatform(dataFolder: string): Promise<PlatformState | null> {
  const state = await readPlatformState(dataFolder);
  if (!state) return null;
  process.kill(state.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (isAlive(state.pid)) {
    if (Date.now() > deadline) {
      throw new StrongroomError('E_UNAVAILABLE', `The platform (process ${state.pid}) does not end.`, {
        next: `Look into its log: ${platformLogFile(dataFolder)}`,
      });
    }
    await sleep(LOOK_MS);
  }
  return state;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const logLines = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
