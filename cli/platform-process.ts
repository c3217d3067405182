/** Entry point of the process that `strongroom up` leaves behind: it keeps the platform up until it is told to end. */
import { rm } from 'node:fs/promises';
import { writeJsonFile } from '../client/private-files.ts';
import { StrongroomError } from '../domain/errors.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { bringUp } from '../stack/stack.ts';
import { platformStateFile } from './platform-state.ts';

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
});

try {
  const config = readPlatformConfiguration();
  const stack = await bringUp(config, (line) => console.log(line));
  const stateFile = platformStateFile(config.dataFolder);
  const startedAt = new Date().toISOString();
  await writeJsonFile(stateFile, { pid: process.pid, startedAt, addresses: stack.addresses });
  await ended;
  await rm(stateFile, { force: true });
  await stack.stop();
  process.exit(0);
} catch (error) {
  if (!(error instanceof StrongroomError)) throw error;
  console.error([`${error.code}: ${error.message}`, error.why, error.next].filter(Boolean).join(' '));
  process.exit(error.kind.exit);
}
