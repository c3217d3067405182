/** The demo, started as the README says. */
import { spawn } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

export interface RunningDemo {
  ctrlC(): void;
  /** What it showed, and its exit code. */
  ended(): Promise<{ readonly code: number | null; readonly shown: string }>;
}

/** `onText` hears all that it has shown so far, each time there is more. */
export function startDemo(
  args: readonly string[],
  env: Record<string, string> = {},
  onText: (shown: string) => void = () => undefined,
): RunningDemo {
  const child = spawn('npm', ['run', 'demo', '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a shell gives it: Ctrl-C reaches every process in it.
    detached: true,
  });
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => onText((shown += text)));
  }
  const ctrlC = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGINT');
  };
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ctrlC, ended: async () => ({ code: await code, shown }) };
}
