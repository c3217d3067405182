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
  const address = await temporalAddress(context);
  if (address === null) await provideTemporal(context);
  return startAgent(home, address, context.signal);
}

/** The configured Temporal, or that of the platform that runs on this machine; `null` where the agent brings its own. */
export async function temporalAddress(context: Context): Promise<string | null> {
  const configured = (await context.configuration()).temporalAddress;
  if (configured !== null) return configured;
  const platform = await readPlatformState((await platformConfiguration()).dataFolder);
  return platform?.addresses.temporal ?? null;
}

/** Here and not in the agent, since the first time takes minutes and the person should see why. */
async function provideTemporal(context: Context): Promise<void> {
  const { findTemporal } = await import('../stack/temporal-binary.ts');
  await findTemporal((line) => {
    context.output.note(line);
  });
}
