/** One runner from its start to its end: frames to and fro, a limit of time on each, and the name of how it ended. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import type { ErrorFields } from '../../domain/errors.ts';
import { fromErrorFields, StrongroomError } from '../../domain/errors.ts';
import { receiveFrames, sendFrame } from '../runner/frames.ts';
import type { Reply, Request } from '../runner/messages.ts';
import type { Launch } from './sandbox.ts';
import { FRAMES_FD, SECCOMP_FD } from './sandbox.ts';

type Asked = Request extends infer Each ? (Each extends Request ? Omit<Each, 'id'> : never) : never;
type Told<Kind extends Reply['kind']> = Extract<Reply, { kind: Kind }>;

export interface AnswerTo<Kind extends Reply['kind']> {
  readonly reply: Told<Kind>;
  readonly body: Buffer;
}

interface Waiting {
  readonly id: number;
  readonly seconds: number;
  resolve(reply: { reply: Reply; body: Buffer }): void;
  reject(error: unknown): void;
}

export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #socket: Duplex;
  /** In the order in which they were asked, which is the order in which a runner answers. */
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #numbered = 0;
  /** Whether the runner's own program has ever spoken: before that, bubblewrap may be what ended. */
  #spoke = false;
  #cause: 'stopped' | 'timeout' | null = null;
  #lastWords = '';
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#socket = child.stdio[FRAMES_FD] as Duplex;
    this.#socket.on('error', () => undefined);
    // Kept to name the end, never logged: a function may have written its input there.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-4096);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', () => {
        this.#end(null, null);
        resolve();
      });
      child.once('close', (code, signal) => {
        this.#end(code, signal);
        resolve();
      });
    });
    void this.#receive();
  }

  /** Starts a runner. A failure to start shows at the first question. */
  static start(launch: Launch): RunnerProcess {
    const child = spawn(launch.command, launch.args, {
      env: launch.environment,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', launch.seccomp ? 'pipe' : 'ignore'],
    });
    if (launch.seccomp) {
      const filter = child.stdio[SECCOMP_FD] as Duplex;
      filter.on('error', () => undefined);
      filter.end(launch.seccomp);
      (filter as Readable).resume();
    }
    return new RunnerProcess(child);
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return (
      this.#cause === null &&
      this.#child.exitCode === null &&
      this.#child.signalCode === null &&
      this.#child.pid !== undefined
    );
  }

  /**
   * Asks the runner, which answers in order; `seconds` count from when it turns to this question. Fails with the
   * runner's own named error, or with the name of its end; `E_RUNNER_RESTARTED` where another question was that end.
   */
  async ask<Kind extends Reply['kind']>(
    question: Asked,
    body: Uint8Array,
    expected: Kind,
    seconds: number,
  ): Promise<AnswerTo<Kind>> {
    if (!this.alive) throw gone();
    const id = ++this.#numbered;
    const answered = new Promise<{ reply: Reply; body: Buffer }>((resolve, reject) => {
      this.#waiting.push({ id, seconds, resolve, reject });
    });
    if (this.#waiting.length === 1) this.#startTimer();
    // A write that fails is followed by the end of the process, which knows the better name.
    sendFrame(this.#socket, { id, ...question }, body).catch(() => undefined);
    const { reply, body: answer } = await answered;
    if (reply.kind === 'failure') throw fromErrorFields(reply.error satisfies ErrorFields);
    if (reply.kind !== expected)
      throw new StrongroomError('E_INTERNAL', 'The runner gave another answer than asked for.');
    return { reply: reply as Told<Kind>, body: answer };
  }

  /** Ends the runner at once; what it was asked fails with `E_RUNNER_RESTARTED`. */
  async stop(): Promise<void> {
    this.#cause ??= 'stopped';
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #receive(): Promise<void> {
    try {
      for await (const { header, body } of receiveFrames(this.#socket)) {
        const reply = header as Reply;
        const first = this.#waiting[0];
        if (first?.id !== reply.id) throw new Error('an answer out of order');
        this.#spoke = true;
        this.#waiting.shift();
        this.#startTimer();
        first.resolve({ reply, body });
      }
    } catch {
      // Nothing that such a runner says is of use any more.
      this.#child.kill('SIGKILL');
    }
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (!first) return;
    this.#timer = setTimeout(() => {
      this.#cause = 'timeout';
      this.#child.kill('SIGKILL');
    }, first.seconds * 1000);
  }

  #end(code: number | null, signal: string | null): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
    const [first, ...others] = this.#waiting.splice(0);
    first?.reject(this.#cause === 'stopped' ? gone() : this.#nameEnd(code, signal, first.seconds));
    others.forEach((waiting) => waiting.reject(gone()));
  }

  #isSandboxMissing = (code: number | null): boolean =>
    this.#child.pid === undefined || code === 127 || /^bwrap: /m.test(this.#lastWords);

  #nameEnd(code: number | null, signal: string | null, seconds: number): StrongroomError {
    if (this.#cause === 'timeout') return timedOut(seconds);
    if (!this.#spoke && this.#isSandboxMissing(code)) return noSandbox(this.#lastWords);
    if (/heap out of memory|allocation failed|bad_alloc|Cannot allocate memory|out of memory/i.test(this.#lastWords)) {
      return new StrongroomError('E_FUNCTION_MEMORY', 'The function needed more memory than its limit.', {
        next: 'Use less, or raise limits.memory_mb in function.yaml.',
      });
    }
    return new StrongroomError('E_FUNCTION_CRASHED', 'The runner ended in the middle of a call.', {
      why: `It ended with ${signal ?? `exit code ${code ?? 'unknown'}`}.`,
      next: 'Call again: a new runner is started. If the same input ends it again, the function is at fault.',
    });
  }
}

const gone = () =>
  new StrongroomError('E_RUNNER_RESTARTED', 'The runner for which this call was meant is gone.', {
    why: 'It was stopped, recycled, or ended by another call.',
    next: 'Attest the new runner and call again.',
  });

const timedOut = (seconds: number) =>
  new StrongroomError('E_FUNCTION_TIMEOUT', `The function took longer than its limit of ${seconds} seconds.`, {
    next: 'Make it quicker, or raise limits.seconds in function.yaml.',
  });

/** Only bubblewrap's own line is repeated: it is written before any code of the function runs. */
function noSandbox(lastWords: string): StrongroomError {
  const line = /^bwrap: (.*)$/m.exec(lastWords)?.[1];
  return new StrongroomError('E_SANDBOX_MISSING', 'No sandbox can be made on this machine.', {
    why: line === undefined ? 'bubblewrap (bwrap) is not on the PATH.' : `bubblewrap says: ${line}.`,
    next: 'Install the package bubblewrap, and allow unprivileged user namespaces.',
  });
}
