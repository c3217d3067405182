/** Which request is being answered, known to whatever is done for it: its id goes with it to Temporal. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { REQUEST_ID_HEADER } from '../workflows/story/contract.ts';

interface Scope {
  readonly id: string;
  readonly log: FastifyBaseLogger;
}

const current = new AsyncLocalStorage<Scope>();

/** After the body is read: reading it would lose the scope. */
export function scopeRequests(app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    current.run({ id: request.id, log: request.log }, done);
  });
}

const named = (headers: Headers): Headers => {
  const scope = current.getStore();
  return scope ? { ...headers, [REQUEST_ID_HEADER]: defaultPayloadConverter.toPayload(scope.id) } : headers;
};

const note = (workflowId: string, asked: string): void =>
  current.getStore()?.log.info({ workflowId, asked }, 'workflow');

/** Names the request to each workflow that it starts or asks, and the workflow in the request's log. */
export const requestInterceptor: WorkflowClientInterceptor = {
  startWithDetails(input, next) {
    note(input.options.workflowId, input.workflowType);
    return next({ ...input, headers: named(input.headers) });
  },
  startUpdate(input, next) {
    note(input.workflowExecution.workflowId, input.updateName);
    return next({ ...input, headers: named(input.headers) });
  },
};
