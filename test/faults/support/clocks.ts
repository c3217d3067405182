/** Clocks of the API and of the worker that a test can move, apart from one another and from everybody else's. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, 'moved-clock.ts')).href;
/** Longer than a process takes to look at its clock again. */
const NOTICED_MS = 500;

export interface Clocks {
  /** In seconds, ahead of the right time. */
  move(ahead: { readonly api: number; readonly worker: number }): Promise<void>;
  close(): Promise<void>;
}

/** Processes that are started from here on have them. */
export async function openClocks(): Promise<Clocks> {
  const folder = await mkdtemp(path.join(tmpdir(), 'clocks-'));
  const file = path.join(folder, 'clocks');
  const move: Clocks['move'] = async ({ api, worker }) => {
    await writeFile(`${file}.new`, JSON.stringify({ 'api/server.ts': api, 'workers/platform.ts': worker }));
    await rename(`${file}.new`, file);
    await pause(NOTICED_MS);
  };
  await move({ api: 0, worker: 0 });
  process.env.FAULTS_CLOCKS = file;
  process.env.NODE_OPTIONS = `--import=${PRELOAD}`;
  return {
    move,
    async close() {
      delete process.env.NODE_OPTIONS;
      delete process.env.FAULTS_CLOCKS;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
