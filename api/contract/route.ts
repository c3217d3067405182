/** How a route is declared: its words and schemas in one place, the handler in another. */
import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';
import { permissionFor, type Operation } from '../../domain/permissions.ts';
import { ProblemSchema } from './problem.ts';
import { nullable, readonlyList } from './words.ts';

interface RouteWords {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: `/v1/${string}`;
  /** Who may call it stands in the table of `domain/permissions.ts`: add a row there first. */
  readonly id: Operation;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
}

type Part = 'params' | 'querystring' | 'body';

const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description:
        'A text of your choice for this request, for instance a UUID. Sent again within 24 hours it is answered as the first time; with another body it is refused (422), and while the first is at work, too (409).',
    }),
  ),
});

const TAG = '(?:W/)?"[\\x21\\x23-\\x7e]*"';

/** What is put in place of something says in place of what: of two who change it at once, one is told so. */
const IfMatchHeaders = Type.Object({
  'if-match': Type.String({
    pattern: `^(?:\\*|${TAG}(?:\\s*,\\s*${TAG})*)$`,
    description:
      'The `ETag` of what the caller read and changes. Without it the request is refused (428), and where it is another one by now, too (412). `*` stands for whatever is there.',
  }),
});

const IfNoneMatchHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'An `ETag` that the caller has; answered with 304 where nothing changed since.' }),
  ),
});

const ENTITY_TAG = { ETag: Type.String({ description: 'Changes whenever the answer does (RFC 9110).' }) };

/** An answer that people edit: it has an `ETag`, for `If-Match` and `If-None-Match`. */
export const tagged = <S extends TSchema>(schema: S): TUnsafe<Static<S>> =>
  Type.Unsafe({ ...schema, headers: ENTITY_TAG });
/** What a caller hears (304) who has the answer already. */
export const unchanged: TUnsafe<undefined> = Type.Unsafe({
  type: 'null',
  description: 'Nothing changed since.',
  headers: ENTITY_TAG,
});

export type Answers = Readonly<Record<number, TSchema>>;

interface RouteSchemas {
  readonly params?: TSchema;
  readonly querystring?: TSchema;
  readonly body?: TSchema;
  readonly answers: Answers;
}

/** Every route answers failures in the same form, whatever the status. */
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: ProblemSchema.ref } },
});

const isGuarded = (operation: Operation) => permissionFor(operation)?.callers !== 'anyone';

/** The ways in which a route can fail follow from what it takes, and from who may call it. */
function failuresOf({ id, method, params, querystring, body }: RouteWords & RouteSchemas) {
  const guarded = isGuarded(id);
  const changes = method !== 'GET';
  const takesInput = [params, querystring, body].some((part) => part !== undefined);
  return {
    ...((takesInput || changes) && { 400: problem('The request is not valid.') }),
    ...(guarded && { 401: problem('No token, or one that does not hold.') }),
    ...(guarded && { 403: problem('The caller sees it, and may not do this.') }),
    ...((params ?? body) && { 404: problem('It is not there, or the caller may not see it.') }),
    ...(changes && { 409: problem('The state of things is in the way; `code` says how.') }),
    ...(method === 'PUT' && { 412: problem('It is another one by now than `If-Match` says.') }),
    ...(body && { 413: problem('The body is too large.') }),
    ...(changes && { 415: problem('The body is of another content type.') }),
    ...(changes && { 422: problem('The content is not acceptable; `code` says how.') }),
    ...(method === 'PUT' && { 428: problem('`If-Match` is missing.') }),
    429: problem('Too many requests; `Retry-After` says how long to wait.'),
    503: problem('The platform cannot do it at the moment.'),
    default: problem('The request failed; `code` says how.'),
  };
}

/** A declaration that Fastify takes as it is, once a handler is added. */
export function defineRoute<const R extends RouteWords & RouteSchemas>(route: R) {
  const { method, url, id, tag, summary, description, answers } = route;
  const parts = {
    ...(route.params && { params: route.params }),
    ...(route.querystring && { querystring: route.querystring }),
    ...(route.body && { body: route.body }),
    ...headersOf(route),
  } as { [P in Part as R[P] extends TSchema ? P : never]: R[P] };
  return {
    method: method as R['method'],
    url,
    config: { operation: id },
    schema: {
      operationId: id,
      tags: [tag],
      summary,
      ...(description !== undefined && { description }),
      security: securityOf(id),
      ...parts,
      response: { ...answers, ...failuresOf(route) } as R['answers'],
    },
  };
}

function headersOf({ method, id, answers }: RouteWords & RouteSchemas): { readonly headers?: TSchema } {
  if (method === 'PUT') return { headers: IfMatchHeaders };
  if (method === 'POST' && isGuarded(id)) return { headers: IdempotencyHeaders };
  return answers[304] ? { headers: IfNoneMatchHeaders } : {};
}

/** OpenAPI 3.1: for a bearer token, the roles that it needs. Ours are scopes; what no token can do needs none and a session. */
function securityOf(operation: Operation): { bearer: string[] }[] {
  const permission = permissionFor(operation);
  // The types say so too, but Node runs without them.
  if (!permission)
    throw new Error(`${operation} has no row in domain/permissions.ts: add one that says who may do it.`);
  if (permission.callers === 'anyone') return [];
  return [{ bearer: permission.need === 'session' ? [] : [permission.need] }];
}

/** An answer without a body. */
export const nothing: TUnsafe<undefined> = Type.Unsafe({ type: 'null', description: 'Done.' });

export const listOf = <T>(item: TUnsafe<T>) => Type.Object({ items: readonlyList(item) });

/** Where a page of a list ended; to be handed in as it came. */
export const CursorSchema = Type.String({ pattern: '^[0-9]{1,15}$' });
/** How many items a page has at most. */
export const LimitSchema = Type.String({ pattern: '^(?:[1-9][0-9]{0,2}|1000)$', description: '1 to 1000.' });

/** What every list takes; filters beside it. */
export const pageQuery = {
  cursor: Type.Optional(
    Type.String({ pattern: '^[\\w-]{1,2000}$', description: 'The `next` of the page before, as it came.' }),
  ),
  limit: Type.Optional(LimitSchema),
};

/** For lists of what happened. */
export const periodQuery = {
  from: Type.Optional(Type.String({ format: 'date-time', description: 'Only what happened then or later.' })),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'Only what happened before.' })),
};

/** A page of a list; `next` leads to the next one, and is `null` at the end. */
export const pagesOf = <T>(item: TUnsafe<T>) =>
  Type.Object({ items: readonlyList(item), next: nullable(Type.String()) });

/** A part of a list; `next` leads to the rest, and is `null` at the end. */
export const pageOf = <T>(item: TUnsafe<T>) => Type.Object({ items: readonlyList(item), next: nullable(CursorSchema) });
