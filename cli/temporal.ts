/** The Temporal that this party's agent works on. */
import type { Client } from '@temporalio/client';
import { StrongroomError } from '../domain/errors.ts';
import { agentState, startAgent } from './agent.ts';
import type { AgentState } from './agent-state.ts';
import type { Context } from './context.ts';
import { readPlatformState } from './platform-state.ts';
import { platformConfiguration } from './platform.ts';

export interface PartyWork extends AsyncDisposable {
  readonly client: Client;
}

/** Connects to where the agent works; starts the agent where it does not run, and says so. */
export async function openPartyWork(context: Context): Promise<PartyWork> {
  const { address, namespace } = (await requireAgent(context)).temporal;
  const { connectTemporalClient } = await import('../stack/temporal-connection.ts');
  const settings = { ...(await context.configuration()), temporalNamespace: namespace };
  const open = await connectTemporalClient(settings, address).catch((cause: unknown) => {
    throw new StrongroomError('E_UNAVAILABLE', `Temporal at ${address} does not answer.`, {
      next: 'See: strongroom doctor',
      cause,
    });
  });
  return { client: open.client, [Symbol.asyncDispose]: () => open.close() };
}

/** The agent of this folder, which is started where it does not run. */
export async function requireAgent(context: Context): Promise<AgentState> {
  const home = await context.home();
  await context.session();
  const running = await agentState(home);
  if (running) return running;
  context.output.note('Starting the agent, which does the work in the background …');
  return startAgent(home, await temporalAddress(context), context.signal);
}

/** The configured Temporal, or that of the platform that runs on this machine. Fails with `E_CONFIG`. */
export async function temporalAddress(context: Context): Promise<string> {
  const configured = (await context.configuration()).temporalAddress;
  if (configured !== null) return configured;
  const platform = await readPlatformState((await platformConfiguration()).dataFolder);
  if (platform) return platform.addresses.temporal;
  throw new StrongroomError('E_CONFIG', 'The agent needs a Temporal server to work on.', {
    why: 'None is configured, and the embedded one does not run.',
    next: 'Run: strongroom up, or set TEMPORAL_ADDRESS.',
  });
}
