/** What the agent of this folder says of itself, and whether it is still there. */
import { readFile } from 'node:fs/promises';

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
  const state = await parseFile(file);
  return state && (await isAgent(state.pid)) ? state : null;
}

async function parseFile(file: string): Promise<AgentState | null> {
  const content = await readFile(file, 'utf8').catch(() => null);
  if (content === null) return null;
  try {
    const { pid, startedAt, account, temporal } = JSON.parse(content) as Partial<AgentState>;
    return pid && startedAt && account && temporal ? { pid, startedAt, account, temporal } : null;
  } catch {
    return null;
  }
}

/** Process ids are used again: on Linux the command line tells whether it is an agent that has this one now. */
async function isAgent(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  return commandLine === null ? process.platform !== 'linux' : commandLine.includes('workers/agent.ts');
}
