/** Starts a runner in the sandbox that was asked for. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionLimits } from '../../domain/function.ts';
import { hazmatBareLaunch, sandboxLaunch } from './sandbox.ts';
import { startContainer } from './start-container.ts';
import type { StartedRunner } from './started-runner.ts';
import { startProcess } from './started-runner.ts';

export interface SandboxOptions {
  /** What shuts the runner in; `bubblewrap` where nothing is said. */
  readonly sandbox?: 'bubblewrap' | 'docker';
  /** Runs the function without any sandbox. For looking for faults, never for code of somebody else. */
  readonly hazmatBareProcess?: true;
}

/** A new runner. A failure to start shows here (`E_SANDBOX_MISSING`) or as its ending. */
export async function startRunner(limits: FunctionLimits, options: SandboxOptions): Promise<StartedRunner> {
  if (options.hazmatBareProcess) return startBare(limits);
  if (options.sandbox === 'docker') return startContainer(limits);
  return startProcess(await sandboxLaunch(limits));
}

async function startBare(limits: FunctionLimits): Promise<StartedRunner> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-bare-'));
  const runner = startProcess(hazmatBareLaunch(limits, folder));
  void runner.ended.then(() => rm(folder, { recursive: true, force: true }));
  return runner;
}
