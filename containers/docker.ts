/** The connection to Docker Engine, and what its failures mean. */
import Docker from 'dockerode';
import { StrongroomError } from '../domain/errors.ts';
import { codeOf, messageOf, nameOf, statusOf } from './failure.ts';

const ANSWER_WITHIN_MS = 5_000;

/**
 * A connection to the engine that `DOCKER_HOST` names, or to the local one; it has answered once.
 * Fails with `E_DOCKER_UNAVAILABLE`.
 */
export async function connectDocker(): Promise<Docker> {
  try {
    const docker = new Docker();
    await ping(docker, AbortSignal.timeout(ANSWER_WITHIN_MS));
    return docker;
  } catch (error) {
    throw dockerUnavailable(error);
  }
}

async function ping(docker: Docker, abortSignal: AbortSignal): Promise<void> {
  // dockerode takes the signal; its types have only the form without options.
  const send = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>;
  await send({ abortSignal });
}

/** Whether the engine keeps images as containerd does. It then names them by their manifest, not by their configuration. */
export async function keepsImagesInContainerd(docker: Docker): Promise<boolean> {
  const info = (await docker.info()) as { readonly DriverStatus?: unknown };
  return JSON.stringify(info.DriverStatus ?? []).includes('io.containerd.snapshotter');
}

/** Advice in two lines: what is missing, and how to get it. */
function dockerUnavailable(cause: unknown): StrongroomError {
  const host = process.env.DOCKER_HOST;
  return new StrongroomError('E_DOCKER_UNAVAILABLE', 'Docker Engine does not answer.', {
    why: `${reasonOf(cause)}${host ? ` (DOCKER_HOST is ${host})` : ''}.`,
    next:
      codeOf(cause) === 'EACCES'
        ? 'Let your account use it: sudo usermod -aG docker "$USER", then log in again.'
        : 'Install and start it: "sudo apt-get install docker.io && sudo systemctl start docker", or see https://docs.docker.com/engine/install/.',
    cause,
  });
}

function reasonOf(error: unknown): string {
  const reasons: Record<string, string> = {
    ENOENT: 'Its socket is not there, so it is not installed or not running',
    ECONNREFUSED: 'Nothing listens at its address, so it is not running',
    EACCES: 'This account may not use its socket',
  };
  if (['AbortError', 'TimeoutError'].includes(nameOf(error) ?? '')) {
    return `It did not answer within ${ANSWER_WITHIN_MS / 1000} seconds`;
  }
  return reasons[codeOf(error) ?? ''] ?? messageOf(error);
}

const CONNECTION_LOST = ['ENOENT', 'ECONNREFUSED', 'EACCES', 'ECONNRESET', 'EPIPE'];

/** Turns a failure of the engine into one in our words; `what` says what was not done. */
export function dockerFailure(error: unknown, what: string): StrongroomError {
  if (error instanceof StrongroomError) return error;
  if (statusOf(error) === undefined && CONNECTION_LOST.includes(codeOf(error) ?? '')) return dockerUnavailable(error);
  const why = messageOf(error).slice(0, 500);
  if (/no space left on device/i.test(why)) {
    const next = 'Make room where Docker keeps its images (docker system df), then try again.';
    return new StrongroomError('E_NO_SPACE', what, { why: 'The disk of Docker Engine is full.', next, cause: error });
  }
  return new StrongroomError('E_INTERNAL', what, { why, cause: error });
}

/** Runs a removal that may find nothing left to remove. */
export async function ignoreMissing(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const status = statusOf(error);
    // 404: gone already; 409: its removal is in progress, or it does not run any more.
    if (status !== 404 && status !== 409 && status !== 304) throw error;
  }
}
