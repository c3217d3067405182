/** What the agent of this folder says of itself, and whether it is still there. */
import { readFile } from 'node:fs/promises';
import { runs } from '../stack/process-alive.ts';

export interface AgentState {
  readonly pid: number;
  readonly startedAt: string;
  /** The handle whose work it does. */
  readonly account: string;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    /** `null` where its Temporal is somebody else's to show. */
    readonly uiUrl: string | null;
  };
}

/** The running agent, or `null`. A file that a killed agent left behind counts for nothing. */
export async function readAgentState(file: string): Promise<AgentState | null> {
  const { pid, startedAt, account, temporal } = await parseFile(file);
  const whole = pid && startedAt && account && temporal ? { pid, startedAt, account, temporal } : null;
  return whole && (await runs(whole.pid, 'workers/agent.ts')) ? whole : null;
}

/** The process that starts the agent again when it dies, or `null`. */
export async function readKeeper(file: string): Promise<number | null> {
  const { pid } = await parseFile(file);
  return pid && (await runs(pid, 'workers/agent-keeper.ts')) ? pid : null;
}

async function parseFile(file: string): Promise<Partial<AgentState>> {
  const content = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return JSON.parse(content) as Partial<AgentState>;
  } catch {
    return {};
  }
}
