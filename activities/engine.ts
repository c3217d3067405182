/** The container engine as the work on this machine needs it: there from the start, and cleared of what was left in it. */
import { connectDocker } from '../containers/docker.ts';
import { reapLeftovers, type Leftovers } from '../containers/reaping.ts';
import type { ContainerConfig } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';

/**
 * Right at the start a missing engine is the user's to mend: fails with `E_DOCKER_MISSING`, which is not tried again.
 * Later, when the engine restarts, it is waited for.
 */
export async function requireEngine(): Promise<void> {
  await connectDocker().catch((error: unknown) => {
    if (!(error instanceof StrongroomError)) throw error;
    throw new StrongroomError('E_DOCKER_MISSING', error.message, {
      ...(error.why && { why: error.why }),
      ...(error.next && { next: error.next }),
    });
  });
}

/** The same, unless all that is to be run are functions, which need no engine. */
export async function requireEngineFor(configs: readonly ContainerConfig[]): Promise<void> {
  if (configs.some(({ containerType }) => containerType !== 'Function')) await requireEngine();
}

/** Removes what was left in the engine. One that does not answer keeps nobody waiting: the agent asks at each start. */
export async function clearEngine(leftovers: Leftovers): Promise<void> {
  try {
    await reapLeftovers(await connectDocker(), leftovers);
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== 'E_DOCKER_UNAVAILABLE') throw error;
  }
}
