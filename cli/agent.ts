/** Starts and stops the agent: the process that does a party's durable work, and goes on when the command has ended. */
import { spawn } from 'node:child_process';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PartyHome } from '../client/party-home.ts';
import { StrongroomError } from '../domain/errors.ts';
import { readAgentState, readKeeper, type AgentState } from './agent-state.ts';

const PROGRAM = fileURLToPath(new URL('../workers/agent-keeper.ts', import.meta.url));
const START_MS = 180_000;
const STOP_MS = 30_000;
const LOOK_MS = 100;
const LOG_TAIL_BYTES = 16_384;

export const agentState = (home: PartyHome): Promise<AgentState | null> => readAgentState(home.agent.stateFile);

/**
 * Starts the agent with its keeper, or waits where one is starting it again; without an address it brings a Temporal of
 * its own. Answers when it is ready. Fails with `E_AGENT_NOT_RUNNING` and the end of its log.
 */
export async function startAgent(
  home: PartyHome,
  temporalAddress: string | null,
  signal: AbortSignal,
): Promise<AgentState> {
  await mkdir(dirname(home.agent.logFile), { recursive: true, mode: 0o700 });
  const log = await open(home.agent.logFile, 'a', 0o600);
  const begin = (await log.stat()).size;
  const end: { reason: string | null } = { reason: null };
  const keeper = (await readKeeper(home.agent.keeperFile)) ?? spawnKeeper();
  await log.close();
  const deadline = Date.now() + START_MS;
  while (end.reason === null && Date.now() < deadline) {
    const state = await agentState(home);
    if (state) return state;
    await sleep(LOOK_MS, undefined, { signal });
  }
  if (end.reason === null) process.kill(keeper, 'SIGTERM');
  throw await notStarted(home, begin, end.reason ?? `It was not ready after ${START_MS / 1000} s.`);

  function spawnKeeper(): number {
    const child = spawn(process.execPath, [PROGRAM], {
      detached: true,
      cwd: home.folder,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, STRONGROOM_HOME: home.folder, TEMPORAL_ADDRESS: temporalAddress ?? '' },
    });
    child.on('error', (error) => (end.reason = error.message));
    child.on('exit', (code, by) => (end.reason = by === null ? `It exited with ${code}.` : `It was ended by ${by}.`));
    child.unref();
    return child.pid ?? 0;
  }
}

/** Stops the agent and waits for it; answers with what ran, or `null` where nothing did. */
export async function stopAgent(home: PartyHome): Promise<AgentState | null> {
  const [state, keeper] = [await agentState(home), await readKeeper(home.agent.keeperFile)];
  const first = keeper ?? state?.pid;
  if (first === undefined) return null;
  process.kill(first, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  for (;;) {
    const left = (await readKeeper(home.agent.keeperFile)) ?? (await agentState(home))?.pid;
    if (left === undefined) return state;
    if (Date.now() > deadline) process.kill(left, 'SIGKILL');
    await sleep(LOOK_MS);
  }
}

/** The end of the agent's log, in whole lines. */
export async function agentLog(home: PartyHome, begin = 0): Promise<string[]> {
  const size = await stat(home.agent.logFile).then(
    (about) => about.size,
    () => 0,
  );
  const from = Math.max(begin, size - LOG_TAIL_BYTES);
  if (size <= from) return [];
  const log = await open(home.agent.logFile, 'r');
  try {
    const tail = Buffer.alloc(size - from);
    await log.read(tail, 0, tail.length, from);
    const lines = tail
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    return from > begin ? lines.slice(1) : lines;
  } finally {
    await log.close();
  }
}

async function notStarted(home: PartyHome, begin: number, why: string): Promise<StrongroomError> {
  const last = (await agentLog(home, begin)).at(-1);
  return new StrongroomError('E_AGENT_NOT_RUNNING', 'The agent could not be started.', {
    why: last === undefined ? why : `${why} Its last words: ${last}`,
    next: 'See: strongroom agent logs',
  });
}
