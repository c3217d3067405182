/** What routes work with. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Authentication } from './authentication.ts';
import type { ApiDependencies } from './dependencies.ts';
import type { SignIns } from './sign-ins.ts';
import type { PlatformWorkflows } from './platform-workflows.ts';

export interface Services extends Omit<ApiDependencies, 'temporal' | 'sendMail' | 'logger'> {
  readonly authentication: Authentication;
  /** `null` where there is no provider. */
  readonly signIns: SignIns | null;
  readonly workflows: PlatformWorkflows;
}

/** A Fastify instance whose handlers know their schemas' types. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
