/** Entry point of the process that `strongroom agent start` leaves behind: it starts the agent again when that dies. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openPartyHome } from '../client/party-home.ts';
import { writeJsonFile } from '../client/private-files.ts';
import { startChild, type Child } from '../stack/child-process.ts';
import { readPartyConfiguration } from '../stack/configuration.ts';
import { endLeftovers } from '../stack/process-record.ts';
import { supervise } from '../stack/supervision.ts';
import { untilStopped } from './stop-signal.ts';

const PATIENCE_MS = 180_000;
const { agent } = await openPartyHome(readPartyConfiguration().home);
const folder = path.dirname(agent.stateFile);

async function start(): Promise<Child> {
  const { logFile } = agent;
  const child = await startChild(process.execPath, { args: [path.join(import.meta.dirname, 'agent.ts')], logFile });
  for (const begun = Date.now(); Date.now() - begun < PATIENCE_MS && !child.exited();) {
    const said = await readFile(agent.stateFile, 'utf8').catch(() => '');
    if (said.includes(`"pid": ${child.pid},`)) return child;
    await pause(100);
  }
  await child.stop();
  throw new Error(`its last words are in ${logFile}`);
}

const stopped = untilStopped();
await writeJsonFile(agent.keeperFile, { pid: process.pid });
try {
  // One whose keeper was killed works on until here.
  await endLeftovers(folder);
  const report = (line: string) => {
    console.warn(line);
  };
  const kept = await supervise({ dataFolder: folder, name: 'agent', report, start }).catch(() => null);
  if (kept === null) process.exitCode = 1;
  else {
    await stopped;
    await kept.stop();
  }
} finally {
  await rm(agent.keeperFile, { force: true });
  // Whoever waits for a signal keeps no process from ending, but its listeners do.
  process.exit();
}
