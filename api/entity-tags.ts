/**
 * Strong entity tags (RFC 9110, section 8.8.3) of what people edit: whoever changes what somebody else changed since is
 * told so, and undoes nothing unseen.
 */
import type { FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';

interface Conditions {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

/** Other for every other answer. */
const entityTagOf = (answer: object): string =>
  `"${createHash('sha256').update(JSON.stringify(answer)).digest('base64url')}"`;

/** Sets the `ETag` of an answer. */
export function withEntityTag<Answer extends object>(reply: FastifyReply, answer: Answer): Answer {
  reply.headers({ etag: entityTagOf(answer), 'cache-control': 'private, no-cache' });
  return answer;
}

/** Whether the caller has this answer already, and is to be told no more than that (304). */
export function isKnown({ 'if-none-match': header }: Conditions, answer: object): boolean {
  if (header === undefined) return false;
  // Weakly compared, as RFC 9110 says of this header.
  return header.trim() === '*' || tagsIn(header).some((tag) => tag.replace(/^W\//, '') === entityTagOf(answer));
}

/** Fails with `E_CHANGED_MEANWHILE` where what is there is not what the caller read, or has only a weak tag of. */
export function requireMatch({ 'if-match': header = '' }: Conditions): (there: object) => void {
  return (there) => {
    if (header === '*' || tagsIn(header).includes(entityTagOf(there))) return;
    throw new StrongroomError('E_CHANGED_MEANWHILE', 'It was changed since you read it: nothing is changed now.', {
      why: 'Its ETag is not the one that If-Match says.',
      next: 'Read it again, and decide whether you still want to change it.',
    });
  };
}

const tagsIn = (header: string): string[] => header.match(/(?:W\/)?"[^"]*"/g) ?? [];
