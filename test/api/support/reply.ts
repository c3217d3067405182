/** Answers as the tests read them: each looks only at the fields that its request brings. */
import type { ErrorCode } from '../../../domain/errors.ts';
import type { AssociationId } from '../../../domain/ids.ts';

export interface ReplyItem {
  readonly id: AssociationId;
  readonly name: string;
  readonly state: string;
  readonly lastFetchedAt: string | null;
}

export interface ReplyBody extends ReplyItem {
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: string;
  readonly why: string;
  readonly next: string;
  readonly requestId: string;
  readonly items: readonly ReplyItem[];
  readonly cursor: string;
  readonly token: string;
  readonly challenge: string;
  readonly reason: string | null;
}

export interface Reply {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: string;
  json(): ReplyBody;
}
