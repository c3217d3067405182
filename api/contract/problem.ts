import { Type, type Static } from 'typebox';
import { ERROR_KINDS } from '../../domain/errors.ts';
import { named, oneOf } from './words.ts';

const CODES = Object.keys(ERROR_KINDS) as (keyof typeof ERROR_KINDS)[];

/** Problem details (RFC 9457), with a stable code, a reason and advice. */
export const ProblemSchema = named(
  'Problem',
  Type.Object({
    type: Type.String({ description: 'The code as a URI.' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened.' }),
    code: oneOf(CODES),
    why: Type.Optional(Type.String({ description: 'Why it happened.' })),
    next: Type.Optional(Type.String({ description: 'What to do now.' })),
    requestId: Type.String(),
    retryable: Type.Boolean({
      description: 'Whether the same request may succeed later without anyone changing anything.',
    }),
  }),
);
export type Problem = Static<typeof ProblemSchema.schema>;
