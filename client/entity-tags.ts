/** The `ETag` of each answer that came with one, for changing just what was read. */
import { StrongroomError } from '../domain/errors.ts';

const tags = new WeakMap<object, string>();

/** Notes the tag of an answer, where it has one. */
export function noteEntityTag(answer: unknown, response: Response): void {
  const tag = response.headers.get('etag');
  if (tag !== null && typeof answer === 'object' && answer !== null) tags.set(answer, tag);
}

/** What to send as `if-match` to take the place of this answer. Fails with `E_UNAVAILABLE` where it came without a tag. */
export function entityTagOf(answer: object): string {
  const tag = tags.get(answer);
  if (tag !== undefined) return tag;
  throw new StrongroomError('E_UNAVAILABLE', 'The platform did not say which version of it this is.', {
    why: 'Its answer has no ETag.',
    next: 'Check that nothing between you and the platform takes headers away.',
  });
}
