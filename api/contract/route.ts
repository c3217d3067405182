/** How a route is declared: its words and schemas in one place, the handler in another. */
import { Type, type TSchema, type TUnsafe } from 'typebox';
import { ProblemSchema } from './problem.ts';
import { nullable, readonlyList } from './words.ts';

/** Who may call a route: anyone, or only a caller with a session or an access token. */
export type Access = 'anyone' | 'account';

interface RouteWords {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: `/v1/${string}`;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
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

export type Answers = Readonly<Record<number, TSchema>>;

interface RouteSchemas {
  readonly params?: TSchema;
  readonly querystring?: TSchema;
  readonly body?: TSchema;
  readonly answers: Answers;
}

/** Every route answers failures in the same form, whatever the status. */
const failure = {
  default: {
    description: 'The request failed; `code` says how.',
    content: { 'application/problem+json': { schema: ProblemSchema.ref } },
  },
} as const;

/** A declaration that Fastify takes as it is, once a handler is added. */
export function defineRoute<const R extends RouteWords & RouteSchemas>(route: R) {
  const { method, url, id, tag, summary, description, access, answers } = route;
  const parts = {
    ...(route.params && { params: route.params }),
    ...(route.querystring && { querystring: route.querystring }),
    ...(route.body && { body: route.body }),
    ...(method === 'POST' && access === 'account' && { headers: IdempotencyHeaders }),
  } as { [P in Part as R[P] extends TSchema ? P : never]: R[P] };
  return {
    method: method as R['method'],
    url,
    config: { access },
    schema: {
      operationId: id,
      tags: [tag],
      summary,
      ...(description !== undefined && { description }),
      security: access === 'anyone' ? [] : [{ bearer: [] }],
      ...parts,
      response: { ...answers, ...failure } as R['answers'],
    },
  };
}

/** An answer without a body. */
export const nothing: TUnsafe<undefined> = Type.Unsafe({ type: 'null', description: 'Done.' });

export const listOf = <T>(item: TUnsafe<T>) => Type.Object({ items: readonlyList(item) });

/** Where a page of a list ended; to be handed in as it came. */
export const CursorSchema = Type.String({ pattern: '^[0-9]{1,15}$' });
/** How many items a page has at most. */
export const LimitSchema = Type.String({ pattern: '^(?:[1-9][0-9]{0,2}|1000)$', description: '1 to 1000.' });

/** A part of a list; `next` leads to the rest, and is `null` at the end. */
export const pageOf = <T>(item: TUnsafe<T>) => Type.Object({ items: readonlyList(item), next: nullable(CursorSchema) });
