/** A runner takes the next message while its function is at work: what that may change, and what not (issue 6, "Speed"). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { deploy, type RunningFunction } from '../../enclave/host/running-function.ts';
import { startRunner } from '../../enclave/host/start-runner.ts';
import type { StartedRunner } from '../../enclave/host/started-runner.ts';
import { receiveFrames, sendFrame } from '../../enclave/runner/frames.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { DEFAULT_LIMITS } from '../../domain/function.ts';
import { makeFunction } from './functions.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

/** Lets nothing else run beside it for a second, as a model does. */
const BUSY = 'const end = Date.now() + 1000; while (Date.now() < end); return text.length;';
const MIB = 1024 ** 2;

async function busyRunner(): Promise<{ readonly runner: StartedRunner; readonly answered: () => Promise<unknown> }> {
  const runner = await startRunner(DEFAULT_LIMITS, {});
  ends.push(() => {
    runner.kill();
    return runner.ended;
  });
  const replies = receiveFrames(runner.socket);
  const answered = async () => (await replies.next()).value as unknown;
  await sendFrame(runner.socket, { id: 1, kind: 'install' }, makeFunction({ body: BUSY }));
  expect(await answered()).toMatchObject({ header: { kind: 'installed' } });
  return { runner, answered };
}

const codeOf = (error: unknown) => (error instanceof StrongroomError ? error.code : error);

describe('while a function is at work', () => {
  test.each([
    ['the next message has been read', 2 * MIB, ['read', 'answered']],
    ['a large one waits, as it may be more than there is memory for', 9 * MIB, ['answered', 'read']],
  ])('%s', async (_what, bytes, order) => {
    const { runner, answered } = await busyRunner();
    const happened: string[] = [];
    await sendFrame(runner.socket, { id: 2, kind: 'call' }, Buffer.alloc(8, 'x'));
    const first = answered().then((reply) => {
      happened.push('answered');
      return reply;
    });
    // More than the socket holds: it is over when the runner has read nearly all of it.
    await sendFrame(runner.socket, { id: 3, kind: 'call' }, Buffer.alloc(bytes, 'x')).then(() => happened.push('read'));
    expect(await first).toMatchObject({ header: { id: 2 }, body: Buffer.from('8') });
    expect(await answered()).toMatchObject({ header: { id: 3 }, body: Buffer.from(String(bytes)) });
    expect(happened).toEqual(order);
  });

  test('a crash is the fault of the call that caused it, whatever else was taken by then', async () => {
    const crashing: RunningFunction = await deploy(
      makeFunction({ body: `if (text === 'crash') process.exit(9); return text;` }),
    );
    ends.push(() => crashing.stop());
    const texts = ['0', 'crash', '2', 'crash', '4', '5', 'crash'];
    const outcomes = await Promise.allSettled(texts.map((text) => crashing.call(Buffer.from(text))));
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'answered' : codeOf(outcome.reason)))).toEqual(
      texts.map((text) => (text === 'crash' ? 'E_FUNCTION_CRASHED' : 'answered')),
    );
  });
});
