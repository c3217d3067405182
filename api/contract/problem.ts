import { Type, type Static } from 'typebox';
import { named } from './words.ts';

/** Problem details (RFC 9457), with a stable code, a reason and advice. */
export const ProblemSchema = named(
  'Problem',
  Type.Object({
    type: Type.String({ description: 'The code as a URI.' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened.' }),
    code: Type.String({ pattern: '^E_[A-Z_]+$', description: 'Stable; the same codes as in `domain/errors.ts`.' }),
    why: Type.Optional(Type.String({ description: 'Why it happened.' })),
    next: Type.Optional(Type.String({ description: 'What to do now.' })),
    requestId: Type.String(),
    retryable: Type.Boolean({
      description: 'Whether the same request may succeed later without anyone changing anything.',
    }),
  }),
);
export type Problem = Static<typeof ProblemSchema.schema>;
