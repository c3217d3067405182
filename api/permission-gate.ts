/** The gate before every handler. It does what the table in `domain/permissions.ts` says, and refuses what the table does not know. */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import { judge, permissionFor, STANDINGS, type Need, type Operation, type Permission } from '../domain/permissions.ts';
import type { Caller } from '../storage/accounts.ts';
import { actingAs } from '../storage/audit.ts';
import type { Db } from '../storage/database.ts';
import { findStandings, type SubjectKey } from '../storage/standings.ts';
import type { Authentication } from './authentication.ts';
import { authorOf, bearerToken, signedOut } from './caller.ts';
import { operatorCookie, requireOperator } from './operators.ts';
import type { RequestLimits } from './rate-limits.ts';
import { notThere } from './subjects.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's row in the table of permissions. */
    readonly operation?: Operation;
  }
}

export interface Gate {
  readonly authentication: Authentication;
  readonly db: Db;
  /** Handles of the platform's operators. */
  readonly operators: readonly string[];
  readonly limits: RequestLimits;
}

/** Guards the routes that are added after it. The API does not start with a route that has no row in the table. */
export function guardRoutes(app: FastifyInstance, gate: Gate): void {
  app.decorateRequest('caller', null);
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', async () => {
    for (const { method, url, config } of routes) {
      if (permissionFor(config?.operation)) continue;
      throw new Error(
        `The route ${String(method)} ${url} has no row in domain/permissions.ts: add one that says who may call it, ` +
          'give the route its name as config.operation, and run npm run api:openapi.',
      );
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) await admit(gate, request, reply);
  });
  app.addHook('preHandler', async (request) => {
    if (!request.is404) await checkStanding(gate, request);
  });
  // The last hook before the handler: what reads a body loses whose request it is.
  app.addHook('preHandler', (request, _reply, done) => {
    actingAs(authorOf(request), done);
  });
}

function rowOf({ routeOptions }: FastifyRequest): Permission {
  const row = permissionFor(routeOptions.config.operation);
  if (row) return row;
  throw new StrongroomError('E_NOT_ALLOWED', 'Nobody may do this.', { why: 'It is not in the table of permissions.' });
}

/** By the token alone, before the body is read. */
async function admit(gate: Gate, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { limits, operators } = gate;
  const row = rowOf(request);
  if (row.callers === 'anyone') return limits.countStranger(request, reply);
  const caller = await identify(gate, request, row.callers === 'operator').catch(async (error: unknown) => {
    if (error instanceof StrongroomError && error.code === 'E_SIGNED_OUT') await limits.countStranger(request, reply);
    throw error;
  });
  await limits.countCaller(caller, request, reply);
  checkNeed(caller, row.need);
  if (row.callers === 'operator') requireOperator(caller.account, operators);
  request.caller = caller;
}

async function identify({ authentication }: Gate, request: FastifyRequest, fromPage: boolean): Promise<Caller> {
  const token = (fromPage ? operatorCookie(request) : undefined) ?? bearerToken(request);
  const caller = await authentication.findCaller(token);
  if (caller) return caller;
  throw signedOut('The token does not hold.', 'It is wrong, ran out, or was deleted.');
}

function checkNeed({ credential }: Caller, need: Need): void {
  if (credential.kind === 'session') return;
  if (need !== 'session' && credential.scopes.includes(need)) return;
  throw new StrongroomError('E_TOKEN_SCOPE', `The token ${credential.name} is not good for this.`, {
    why: need === 'session' ? 'No access token is: it takes a session.' : `It has not the scope ${need}.`,
    next:
      need === 'session'
        ? 'Log in: strongroom login'
        : `Make one that has it: strongroom token create --scope ${need} --name NAME`,
  });
}

/** By what the caller is to the thing that the request names, once path and query are known to be well formed. */
async function checkStanding({ db }: Gate, request: FastifyRequest): Promise<void> {
  const row = rowOf(request);
  if (row.callers !== 'by standing' || !request.caller) return;
  const key = { ...(request.query as SubjectKey), ...(request.params as SubjectKey) };
  const verdict = judge(row, await findStandings(db, request.caller.account.id, row.subject, key));
  if (verdict === 'allowed') return;
  if (verdict === 'unseen') throw notThere(row.subject, key);
  throw new StrongroomError(
    row.refusal ?? 'E_NOT_ALLOWED',
    `You see this ${row.subject}, but this is not yours to do.`,
    {
      why: `It is for: ${row.may.map((standing) => STANDINGS[standing]).join('; ')}.`,
    },
  );
}
