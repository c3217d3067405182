/** The API's way to Temporal. */
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import type { Tracing } from '../stack/tracing.ts';
import { requestInterceptor } from './request-scope.ts';

export interface TemporalOptions extends Pick<ConnectionOptions, 'tls' | 'apiKey'> {
  /** Host and port. */
  readonly address: string;
  readonly namespace: string;
  readonly dataConverter?: DataConverter;
}

const TRIES_TO_CONNECT = 3;

/**
 * A client that connects when it is first asked. Where nobody answers it gives up within a second: callers of the API
 * hear soon that Temporal is away, and come back by themselves. A server that answers "not now", as one does when
 * fifty members vote at once, is asked again for as long as the call may take.
 */
export function openTemporal(
  { namespace, dataConverter = {}, ...connectionOptions }: TemporalOptions,
  tracing: Tracing | null = null,
): Client {
  const patient = defaultGrpcRetryOptions();
  const connection = Connection.lazy({
    ...connectionOptions,
    interceptors: [
      makeGrpcRetryInterceptor({
        ...patient,
        retryableDecider: (attempt, status) =>
          patient.retryableDecider(attempt, status) &&
          (attempt < TRIES_TO_CONNECT || !/^(?:No connection established|Name resolution failed)/.test(status.details)),
      }),
    ],
  });
  const workflow = [requestInterceptor, ...(tracing ? [new OpenTelemetryWorkflowClientInterceptor()] : [])];
  return new Client({ connection, namespace, dataConverter, interceptors: { workflow } });
}
