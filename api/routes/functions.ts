import type { FunctionId } from '../../domain/ids.ts';
import type { AccountId } from '../../storage/tables.ts';
import { findAccountByHandle } from '../../storage/accounts.ts';
import { removeForgotten } from '../../storage/blob-removal.ts';
import {
  deleteFunction,
  findVisibleFunction,
  findVisibleFunctionByName,
  insertFunction,
  listFunctions,
  noSuchFunction,
} from '../../storage/functions.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { logUserKey } from '../../storage/transparency-log.ts';
import { rotateSealingKey, sealingKeyGeneration } from '../../storage/sealing-keys.ts';
import { insertTicket } from '../../storage/session-tickets.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/functions.ts';
import { openTokenIssuer } from '../invocation-tokens.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

export function functionRoutes(app: App, { db, blobs, workflows, enclave, settings }: Services): void {
  const issuer = openTokenIssuer(settings.authenticationSecret);
  const visible = async (id: FunctionId, viewer: AccountId) => {
    const found = await findVisibleFunction(db, id, viewer);
    if (found) return found;
    throw noSuchFunction(id);
  };

  app.route({
    ...contract.deployFunction,
    handler: async (request, reply) => {
      const deployed = await insertFunction(db, callerOf(request).id, request.body);
      if (deployed.state === 'deploying') await workflows.startDeployment(deployed.id);
      return reply.code(201).send(deployed);
    },
  });

  app.route({
    ...contract.listFunctions,
    handler: async (request) => {
      const page = toPageRequest('listFunctions', request.query);
      return toPageAnswer(
        'listFunctions',
        request.query,
        await listFunctions(db, callerOf(request).id, request.query, page),
      );
    },
  });

  app.route({
    ...contract.readFunction,
    handler: async (request) => visible(request.params.id, callerOf(request).id),
  });

  app.route({
    ...contract.readFunctionByName,
    handler: async (request) => {
      const { owner, name } = request.params;
      const { version: asked } = request.query;
      const version = asked === undefined ? null : Number(asked);
      const found = await findVisibleFunctionByName(db, { owner, name, version }, callerOf(request).id);
      if (found) return found;
      throw noSuchFunction(`${owner}/${name}${version === null ? '' : `@${version}`}`);
    },
  });

  app.route({
    ...contract.deleteFunction,
    handler: async (request, reply) => {
      const { id } = request.params;
      const forgotten = await deleteFunction(db, callerOf(request).id, id);
      if (forgotten) await removeForgotten(db, blobs, [forgotten.sha256]);
      // An enclave that is away has no runner to end.
      await enclave.forget(id).catch((error: unknown) => {
        request.log.warn({ err: error }, 'The enclave was not told of a deletion.');
      });
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.openSession,
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const called = await visible(request.params.id, caller.id);
      if (called.state !== 'ready') throw notReady(called.state);
      const issued = issuer.issue(caller.handle, called, new Date());
      const ticket = await insertTicket(db, { functionId: called.id, accountId: caller.id, tokenId: issued.tokenId });
      return reply.code(201).send({ ticket, ...issued, function: called });
    },
  });

  app.route({ ...contract.readEnclave, handler: async () => enclave.describe() });

  app.route({
    ...contract.attestUserKey,
    handler: async ({ params: { handle }, body }, reply) => {
      // A key could be derived for anybody: what is sealed to nobody would be lost.
      const account = await findAccountByHandle(db, handle);
      if (!account) throw new StrongroomError('E_NOT_FOUND', `There is no ${handle}.`);
      const generation = await sealingKeyGeneration(db, account.id);
      const { document, keyId } = await enclave.attestUserKey({ user: handle, generation, nonce: body.nonce });
      // Before anyone has it: whoever is shown another key can prove so.
      await logUserKey(db, account, { keyId, generation });
      return reply.code(201).send({ document });
    },
  });

  app.route({
    ...contract.rotateSealingKey,
    handler: async (request, reply) => {
      await rotateSealingKey(db, callerOf(request), request.body.generation);
      return reply.code(204).send();
    },
  });
}

const notReady = (state: 'deploying' | 'failed') =>
  new StrongroomError('E_CONFLICT', 'The function cannot be called.', {
    why: state === 'deploying' ? 'A runner is still trying it.' : 'It was refused when it was deployed.',
    next: 'Run: strongroom function show FUNCTION',
  });
