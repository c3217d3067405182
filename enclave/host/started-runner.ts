/** A runner that was started, whatever it is started in: a socket to it, its last words, and how it ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import type { Launch } from './sandbox.ts';
import { FRAMES_FD, SECCOMP_FD } from './sandbox.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it wrote to stderr at its end, at most 4 KiB; a function may have written its input there. */
  readonly lastWords: string;
  /** Why it never ran, where that is so; in words that may be shown. */
  readonly notStarted: string | null;
  /** Whether the system ended it because it had too much memory. */
  readonly outOfMemory: boolean;
}

export interface StartedRunner {
  /** Frames to and from it. */
  readonly socket: Duplex;
  readonly processId: number | undefined;
  /** Whether it has not ended yet, as far as is known. */
  isAlive(): boolean;
  /** Ends it at once. */
  kill(): void;
  readonly ended: Promise<Ending>;
}

/** Starts a runner as a process. A failure to start is its ending. */
export function startProcess(launch: Launch): StartedRunner {
  const child = spawn(launch.command, launch.args, {
    env: launch.environment,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', launch.seccomp ? 'pipe' : 'ignore'],
  });
  if (launch.seccomp) handOver(child.stdio[SECCOMP_FD] as Duplex, launch.seccomp);
  const socket = child.stdio[FRAMES_FD] as Duplex;
  socket.on('error', () => undefined);
  return {
    socket,
    processId: child.pid,
    isAlive: () => child.exitCode === null && child.signalCode === null && child.pid !== undefined,
    kill: () => void child.kill('SIGKILL'),
    ended: endOf(child),
  };
}

function handOver(to: Duplex, filter: Buffer): void {
  to.on('error', () => undefined);
  to.end(filter);
  (to as Readable).resume();
}

function endOf(child: ChildProcess): Promise<Ending> {
  const lastWords = keepLastWords(child.stderr);
  return new Promise((resolve) => {
    const end = (code: number | null, signal: string | null) => {
      const words = lastWords();
      resolve({ code, signal, lastWords: words, notStarted: whyNotStarted(child, code, words), outOfMemory: false });
    };
    child.once('error', () => end(null, null)).once('close', end);
  });
}

/** Kept to name the end, never logged. */
export function keepLastWords(stderr: Readable | null): () => string {
  let words = '';
  stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4096)));
  return () => words;
}

/** Only bubblewrap's own line is repeated: it is written before any code of the function runs. */
function whyNotStarted(child: ChildProcess, code: number | null, lastWords: string): string | null {
  const line = /^bwrap: (.*)$/m.exec(lastWords)?.[1];
  if (line !== undefined) return `bubblewrap says: ${line}.`;
  return child.pid === undefined || code === 127 ? 'bubblewrap (bwrap) is not on the PATH.' : null;
}
