/** How people name a deployed function: by its id, or as `owner/name`, whose newest version is meant, or `owner/name@2`. */
import { StrongroomError } from './errors.ts';
import type { FunctionId, FunctionName, Handle } from './ids.ts';
import { isFunctionId, parseFunctionName, parseHandle } from './ids.ts';

export type FunctionRef =
  | { readonly kind: 'id'; readonly id: FunctionId }
  | {
      readonly kind: 'alias';
      /** Null for the reader's own. */
      readonly owner: Handle | null;
      readonly name: FunctionName;
      /** Null for the newest. */
      readonly version: number | null;
    };

/** Fails with `E_INVALID_NAME`. */
export function parseFunctionRef(text: string): FunctionRef {
  if (isFunctionId(text)) return { kind: 'id', id: text };
  const match = /^(?:([^/@]+)\/)?([^/@]+)(?:@([1-9]\d{0,8}))?$/.exec(text);
  if (!match) {
    throw new StrongroomError('E_INVALID_NAME', `${JSON.stringify(text)} is not a function.`, {
      next: 'Write its id, owner/name or owner/name@version.',
    });
  }
  const [, owner, name, version] = match;
  return {
    kind: 'alias',
    owner: owner === undefined ? null : parseHandle(owner),
    name: parseFunctionName(name),
    version: version === undefined ? null : Number(version),
  };
}
