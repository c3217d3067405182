/** The API's way to Temporal. */
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

export interface TemporalOptions extends Pick<ConnectionOptions, 'tls' | 'apiKey'> {
  /** Host and port. */
  readonly address: string;
  readonly namespace: string;
}

/**
 * A client that connects when it is first asked. A call is tried three times within a second: callers of the API hear
 * soon that Temporal is away, and come back by themselves.
 */
export function openTemporal({ namespace, ...connectionOptions }: TemporalOptions): Client {
  const connection = Connection.lazy({
    ...connectionOptions,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: 3 }))],
  });
  return new Client({ connection, namespace });
}
