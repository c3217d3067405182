/** One runner from its start to its end: frames to and fro, a limit of time on each, and the name of how it ended. */
import type { ErrorFields } from '../../domain/errors.ts';
import { fromErrorFields, StrongroomError } from '../../domain/errors.ts';
import { receiveFrames, sendFrame } from '../runner/frames.ts';
import type { Reply, Request } from '../runner/messages.ts';
import type { Ending, StartedRunner } from './started-runner.ts';

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

const OUT_OF_MEMORY = /heap out of memory|allocation failed|bad_alloc|Cannot allocate memory|out of memory/i;

export class RunnerProcess {
  readonly #runner: StartedRunner;
  /** In the order in which they were asked, which is the order in which a runner answers. */
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #numbered = 0;
  /** Whether the runner's own program has ever spoken: before that, the sandbox may be what ended. */
  #spoke = false;
  #cause: 'stopped' | 'timeout' | null = null;
  readonly ended: Promise<void>;

  /** Takes over a runner that was started. A failure to start shows at the first question. */
  constructor(runner: StartedRunner) {
    this.#runner = runner;
    this.ended = runner.ended.then((ending) => this.#end(ending));
    void this.#receive();
  }

  get processId(): number | undefined {
    return this.#runner.processId;
  }

  get alive(): boolean {
    return this.#cause === null && this.#runner.isAlive();
  }

  /**
   * Asks the runner, which answers in order; `seconds` count from when it turns to this question. Fails with the
   * runner's own named error, or with the name of its end; `E_RUNNER_RESTARTED` where another question was that end.
   */
  async ask<Kind extends Reply['kind']>(
    question: Asked,
    body: Uint8Array,
    expected: Kind | readonly Kind[],
    seconds: number,
  ): Promise<AnswerTo<Kind>> {
    if (!this.alive) throw gone();
    const id = ++this.#numbered;
    const answered = new Promise<{ reply: Reply; body: Buffer }>((resolve, reject) => {
      this.#waiting.push({ id, seconds, resolve, reject });
    });
    if (this.#waiting.length === 1) this.#startTimer();
    // A write that fails is followed by the end of the process, which knows the better name.
    sendFrame(this.#runner.socket, { id, ...question }, body).catch(() => undefined);
    const { reply, body: answer } = await answered;
    if (reply.kind === 'failure') throw fromErrorFields(reply.error satisfies ErrorFields);
    if (!([expected].flat() as readonly Reply['kind'][]).includes(reply.kind))
      throw new StrongroomError('E_INTERNAL', 'The runner gave another answer than asked for.');
    return { reply: reply as Told<Kind>, body: answer };
  }

  /** Ends the runner at once; what it was asked fails with `E_RUNNER_RESTARTED`. */
  async stop(): Promise<void> {
    this.#cause ??= 'stopped';
    this.#runner.kill();
    await this.ended;
  }

  async #receive(): Promise<void> {
    try {
      for await (const { header, body } of receiveFrames(this.#runner.socket)) {
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
      this.#runner.kill();
    }
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (!first) return;
    this.#timer = setTimeout(() => {
      this.#cause = 'timeout';
      this.#runner.kill();
    }, first.seconds * 1000);
  }

  #end(ending: Ending): void {
    clearTimeout(this.#timer);
    this.#runner.socket.destroy();
    const [first, ...others] = this.#waiting.splice(0);
    first?.reject(this.#cause === 'stopped' ? gone() : this.#nameEnd(ending, first.seconds));
    others.forEach((waiting) => waiting.reject(gone()));
  }

  #nameEnd({ code, signal, lastWords, notStarted, outOfMemory }: Ending, seconds: number): StrongroomError {
    if (this.#cause === 'timeout') return timedOut(seconds);
    if (!this.#spoke && notStarted !== null) return noSandbox(notStarted);
    if (outOfMemory || OUT_OF_MEMORY.test(lastWords)) {
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

const noSandbox = (why: string) =>
  new StrongroomError('E_SANDBOX_MISSING', 'No sandbox can be made on this machine.', {
    why,
    next: 'Install the package bubblewrap, and allow unprivileged user namespaces.',
  });
