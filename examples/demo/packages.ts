/** What the demo submits: Docker images, or functions where Docker does not answer. */
import path from 'node:path';
import { collectFunction, openFunction } from '../../activities/function-package.ts';
import { connectDocker } from '../../containers/docker.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import { buildExampleImage } from '../build-image.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '..');
const IMAGES = ['digits-model', 'digits-metrics'] as const;

export interface Packages {
  readonly kind: 'image' | 'function';
  /** The container_config.yaml of each. */
  readonly model: string;
  readonly metrics: string;
}

const packages = (kind: Packages['kind'], model: string, metrics: string): Packages => ({
  kind,
  model: path.join(EXAMPLES, model, 'container_config.yaml'),
  metrics: path.join(EXAMPLES, metrics, 'container_config.yaml'),
});

/**
 * Images where Docker answers; else functions, and `note` hears why. Fails with `E_DOCKER_UNAVAILABLE` where no sandbox
 * can be made for a function either.
 */
export async function choosePackages(note: (missing: StrongroomError) => void): Promise<Packages> {
  try {
    await connectDocker();
    return packages('image', 'digits-model', 'digits-metrics');
  } catch (error) {
    if (!(error instanceof StrongroomError) || !(await sandboxWorks())) throw error;
    note(error);
    return packages('function', 'image-classification', 'digits-metrics-function');
  }
}

/** Tried, not looked up: bubblewrap may be there and yet not be allowed to make namespaces. */
export async function sandboxWorks(): Promise<boolean> {
  const never = new AbortController().signal;
  const { stream } = await openFunction(path.join(EXAMPLES, 'digits-metrics-function'), { signal: never });
  try {
    const running = await deploy(await collectFunction(stream));
    await running.stop();
    return true;
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'E_SANDBOX_MISSING') return false;
    throw error;
  }
}

export async function buildExampleImages(): Promise<void> {
  for (const name of IMAGES) {
    await buildExampleImage(name, (line) => {
      console.log(`    ${line}`);
    });
  }
}

/** From here on the model exists only sealed: what runs later is what came out of the archive. */
export const forgetModelImage = (): Promise<void> => forgetImage('digits-model');

export async function forgetExampleImages(): Promise<void> {
  for (const name of IMAGES) await forgetImage(name).catch(() => undefined);
}

async function forgetImage(name: (typeof IMAGES)[number]): Promise<void> {
  const docker = await connectDocker();
  await docker.getImage(`strongroom-${name}:1`).remove({ force: true });
}
