/** One process of ours: started with a log of its own, and stopped for certain. */
import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';

export interface Child {
  readonly pid: number;
  readonly logFile: string;
  exited(): boolean;
  /** Resolves when the process has ended, by itself or not. */
  readonly ended: Promise<void>;
  /** Asks it to end, and after half a minute ends it. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const GRACE_MS = 30_000;

/** Starts `command`; what it prints goes to the log, which only its owner can read. */
export async function startChild(command: string, { args, logFile, env }: ChildOptions): Promise<Child> {
  await mkdir(path.dirname(logFile), { recursive: true, mode: 0o700 });
  const log = await open(logFile, 'a', 0o600);
  const child = spawn(command, args, {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...env },
    // A group of its own: Ctrl-C in the terminal reaches only the process that stops the others in order.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  await log.close();
  const exited = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    logFile,
    exited,
    ended,
    async stop() {
      if (exited()) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
