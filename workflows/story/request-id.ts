/** Carries the id of the API's request through a workflow to its activities, so that their logs name it. */
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { AsyncLocalStorage, type WorkflowInterceptors } from '@temporalio/workflow';
import { REQUEST_ID_HEADER } from './contract.ts';

const current = new AsyncLocalStorage<string | undefined>();

function requestIdIn(headers: Headers): string | undefined {
  const payload = headers[REQUEST_ID_HEADER];
  return payload === undefined ? current.getStore() : defaultPayloadConverter.fromPayload<string>(payload);
}

function logged(): Readonly<Record<string, string>> {
  const requestId = current.getStore();
  return requestId === undefined ? {} : { requestId };
}

export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute: (input, next) => current.run(requestIdIn(input.headers), () => next(input)),
      handleUpdate: (input, next) => current.run(requestIdIn(input.headers), () => next(input)),
    },
  ],
  outbound: [
    {
      scheduleActivity(input, next) {
        const requestId = current.getStore();
        if (requestId === undefined) return next(input);
        const header = { [REQUEST_ID_HEADER]: defaultPayloadConverter.toPayload(requestId) };
        return next({ ...input, headers: { ...input.headers, ...header } });
      },
      getLogAttributes: (input, next) => ({ ...next(input), ...logged() }),
    },
  ],
});
