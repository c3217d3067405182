/** Whom a runner serves: the first caller, and from then on nobody else meets what a function may have kept. */
import { refused } from '../../crypto/session/invocation-token.ts';
import type { Handle } from '../../domain/ids.ts';

export class Tenant {
  #caller: Handle | null = null;

  /** Fails with `E_NOT_ALLOWED` where the runner serves somebody else. */
  admit(caller: Handle): void {
    this.#caller ??= caller;
    if (this.#caller !== caller) throw refused('This runner serves somebody else.');
  }
}
