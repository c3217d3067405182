/** The typed client of the platform's API: one method for each operation of `api/openapi.json`. */
import { arch, platform } from 'node:os';
import createClient from 'openapi-fetch';
import { checkIds } from './answer-ids.ts';
import { noteEntityTag } from './entity-tags.ts';
import type { components, operations, paths } from './openapi.d.ts';
import { ROUTES } from './openapi.routes.ts';
import { toStrongroomError, unreachable } from './platform-failure.ts';

/** A named schema of the contract, for instance `Schema<'Association'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** Some operations do not answer with JSON: blobs are fetched by their URL, results of jobs by
 * `client/functions/job-results.ts`, events by `client/event-stream.ts`. */
export type Operation = Exclude<
  keyof operations,
  'readBlob' | 'readJobResults' | 'streamEvents' | 'streamWorkflow' | 'followVerificationLink'
>;

type Given<Key extends string, Value> = [Value] extends [undefined] ? unknown : { readonly [K in Key]: Value };
type Parameters<Op extends Operation> = operations[Op]['parameters'];
type Path<Op extends Operation> = Parameters<Op>['path'];
type Query<Op extends Operation> = Parameters<Op>['query'];
type BodyOf<Part> = Part extends { content: { 'application/json': infer Body } } ? Body : undefined;
type Body<Op extends Operation> = BodyOf<operations[Op]['requestBody']>;

/** Headers that an operation cannot do without; all others are for callers that have no client. */
type Header<Op extends Operation> = Parameters<Op> extends { header: infer Headers } ? Headers : undefined;

/** What an operation takes: `path`, `query`, `header` and `body`, as far as it has them. */
export type Input<Op extends Operation> = Given<'path', Path<Op>> &
  Given<'header', Header<Op>> &
  (undefined extends Query<Op> ? { readonly query?: Query<Op> } : Given<'query', Query<Op>>) &
  Given<'body', Body<Op>>;

type Success<Responses> = Responses[keyof Responses & (200 | 201 | 202 | 204)];
/** What an operation answers; `undefined` where there is nothing to say. */
export type Answer<Op extends Operation> = BodyOf<Success<operations[Op]['responses']>>;

type Call<Op extends Operation> =
  Partial<Input<Op>> extends Input<Op>
    ? (input?: Input<Op> & CallOptions) => Promise<Answer<Op>>
    : (input: Input<Op> & CallOptions) => Promise<Answer<Op>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export type PlatformClient = { readonly [Op in Operation]: Call<Op> } & {
  readonly baseUrl: string;
  /** Headers for a request to `url`: the caller's token, but only where `url` is on the platform itself. */
  headersFor(url: string): Record<string, string>;
};

export interface PlatformClientOptions {
  /** The platform's address without `/v1`, for instance `https://platform.example.org`. */
  readonly baseUrl: string;
  /** A session token or a personal access token; `null` to sign up and log in. */
  readonly token: string | null;
}

/**
 * Every operation answers with its data or throws a `StrongroomError`: the platform's own, or `E_UNAVAILABLE` where it
 * does not answer. Ids in answers are checked, so a hostile platform cannot smuggle a path in as a digest.
 */
export function createPlatformClient({ baseUrl, token }: PlatformClientOptions): PlatformClient {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  // By which people tell their sessions apart.
  const userAgent = { 'user-agent': `strongroom (${platform()}; ${arch()})` };
  const api = createClient<paths>({ baseUrl, headers: { ...authorization, ...userAgent } });

  const call = async (operation: Operation, input: AnyInput = {}): Promise<unknown> => {
    const { method, path, ids } = ROUTES[operation];
    const init = {
      params: { path: input.path, query: input.query, header: input.header },
      ...(input.body !== undefined && { body: input.body }),
      ...(input.signal && { signal: input.signal }),
    };
    // The table of routes and the types come from the same document, so what was checked at the call holds here.
    const answer = await (api.request as AnyRequest)(method, path, init).catch((error: unknown) => {
      input.signal?.throwIfAborted();
      throw unreachable(baseUrl, error);
    });
    if (!answer.response.ok) throw toStrongroomError(answer.error, answer.response, baseUrl);
    checkIds(answer.data, ids);
    noteEntityTag(answer.data, answer.response);
    return answer.data;
  };

  const names = Object.keys(ROUTES) as Operation[];
  const operationCalls = Object.fromEntries(names.map((name) => [name, (input?: AnyInput) => call(name, input)]));
  return {
    ...operationCalls,
    baseUrl,
    headersFor: (url: string) => (new URL(url).origin === new URL(baseUrl).origin ? authorization : {}),
  } as PlatformClient;
}

interface AnyInput extends CallOptions {
  readonly path?: unknown;
  readonly query?: unknown;
  readonly header?: unknown;
  readonly body?: unknown;
}
type AnyRequest = (
  method: string,
  path: string,
  init: unknown,
) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
