import { StrongroomError } from '../../domain/errors.ts';
import { findAuthority } from '../../storage/authority.ts';
import { checkChallenge, insertChallenge } from '../../storage/certificate-challenges.ts';
import { revokeCertificate } from '../../storage/certificate-revocation.ts';
import { checkAllowed, findCertificate, findVisibleCertificate, listCertificates } from '../../storage/certificates.ts';
import { authorOf, callerOf } from '../caller.ts';
import * as contract from '../contract/certificates.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

export function certificateRoutes(app: App, { db, workflows }: Services): void {
  app.route({
    ...contract.readAuthority,
    handler: async () => {
      const authority = await findAuthority(db);
      if (authority) return authority;
      throw new StrongroomError('E_UNAVAILABLE', 'The platform has no certificate authority yet.', {
        why: 'Its worker has not started.',
        next: 'Try again in a moment.',
      });
    },
  });

  app.route({
    ...contract.createChallenge,
    handler: async (request, reply) => reply.code(201).send(await insertChallenge(db, callerOf(request).id)),
  });

  app.route({
    ...contract.createCertificate,
    handler: async (request, reply) => {
      const { id, handle, email, emailVerified } = callerOf(request);
      const { fingerprint, ...signed } = request.body;
      const earlier = await findCertificate(db, fingerprint);
      if (earlier?.account === handle && earlier.state === 'valid') return reply.code(201).send(earlier);
      await checkAllowed(db, { handle, email, emailVerified }, email);
      await checkChallenge(db, id, signed.challenge);
      const author = authorOf(request);
      const holder = { account: handle, accountId: id, email };
      const certified = await workflows.certify(fingerprint, { ...holder, ...signed, author });
      const certificate = await findCertificate(db, certified.fingerprint);
      if (certificate) return reply.code(201).send(certificate);
      throw new Error(`Certificate ${certified.fingerprint} is not there after its certification.`);
    },
  });

  app.route({
    ...contract.listCertificates,
    handler: async (request) => {
      const { query } = request;
      const page = toPageRequest('listCertificates', query);
      return toPageAnswer('listCertificates', query, await listCertificates(db, callerOf(request).id, query, page));
    },
  });

  app.route({
    ...contract.readCertificate,
    handler: async (request) => {
      const { fingerprint } = request.params;
      const certificate = await findVisibleCertificate(db, fingerprint, callerOf(request).id);
      if (certificate) return certificate;
      throw new StrongroomError('E_NOT_FOUND', `There is no certificate ${fingerprint}.`);
    },
  });

  app.route({
    ...contract.revokeCertificate,
    handler: async (request) =>
      revokeCertificate(db, callerOf(request), request.params.fingerprint, request.body.reason),
  });
}
