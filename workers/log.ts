/** The worker's log: what Temporal's SDK says, as JSON lines like the API's, each with its workflow's and request's id. */
import { defaultPayloadConverter, type Logger } from '@temporalio/common';
import type { ActivityInterceptors, LogLevel } from '@temporalio/worker';
import type { Logger as Pino } from 'pino';
import { REQUEST_ID_HEADER } from '../workflows/story/contract.ts';

type Write = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export function temporalLogger(log: Pino): Logger {
  const write =
    (level: Write) =>
    (message: string, meta: Readonly<Record<string, unknown>> = {}) => {
      const { error, ...rest } = meta;
      log[level]({ ...rest, ...(error !== undefined && { err: error }) }, message);
    };
  return {
    log: (level: LogLevel, message, meta) => {
      write(level.toLowerCase() as Write)(message, meta);
    },
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** Names the request in what an activity logs. */
export function activityRequestId(): ActivityInterceptors {
  let named: { readonly requestId?: string } = {};
  return {
    inbound: {
      execute(input, next) {
        const payload = input.headers[REQUEST_ID_HEADER];
        if (payload !== undefined) named = { requestId: defaultPayloadConverter.fromPayload(payload) };
        return next(input);
      },
    },
    outbound: { getLogAttributes: (input, next) => ({ ...next(input), ...named }) },
  };
}
