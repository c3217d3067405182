import { describe, expect, test } from '@jest/globals';
import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { StrongroomError } from '../../domain/errors.ts';
import { activityFailures } from '../../workers/activity-failures.ts';

/** What an activity fails with, as Temporal hears of it at this attempt. */
function failureOf(error: Error, attempt: number): Promise<unknown> {
  const context = { cancellationSignal: new AbortController().signal, info: { attempt } } as unknown as Context;
  const input = { args: [], headers: {} } as ActivityExecuteInput;
  const { execute } = activityFailures(context).inbound;
  return Promise.resolve(execute?.(input, () => Promise.reject(error))).catch((failure: unknown) => failure);
}

const failing = (fields: object) => Object.assign(new Error('It failed.'), fields);
/** More than are allowed for a defect of ours. */
const MANY = 1_000;

describe('an activity is tried again', () => {
  test.each([
    ['the database is starting up', failing({ code: '57P03' })],
    ['the database was killed', new Error('Connection terminated unexpectedly')],
    ['the database is not there', failing({ code: 'ECONNREFUSED', syscall: 'connect' })],
    ['the socket of the database is not there', failing({ code: 'ENOENT', syscall: 'connect' })],
    ['the platform is away', new StrongroomError('E_UNAVAILABLE', 'The platform does not answer.')],
  ])('for as long as %s', async (_why, error) => {
    expect(await failureOf(error, MANY)).toMatchObject({ type: 'E_UNAVAILABLE', nonRetryable: false });
  });

  test.each([
    ['a file is missing', failing({ code: 'ENOENT', syscall: 'open' })],
    ['there is a defect', new TypeError('undefined is no function')],
  ])('a few times only, where %s', async (_why, error) => {
    expect(await failureOf(error, 1)).toMatchObject({ type: 'E_INTERNAL', nonRetryable: false });
    expect(await failureOf(error, MANY)).toMatchObject({ type: 'E_INTERNAL', nonRetryable: true });
  });

  test('never, where it was refused', async () => {
    const refused = new StrongroomError('E_NOT_FOUND', 'There is no such thing.');
    expect(await failureOf(refused, 1)).toMatchObject({ type: 'E_NOT_FOUND', nonRetryable: true });
  });
});
