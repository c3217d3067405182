import { toApprovalPolicy } from '../../domain/approval-policy.ts';
import { readApprovalPolicies, setApprovalPolicy } from '../../storage/approval-policies.ts';
import { addMember, removeMember, type CommitteeChange } from '../../storage/committees.ts';
import { inviteContainer, listInvitations, withdrawInvitation } from '../../storage/invitations.ts';
import { callerOf } from '../caller.ts';
import * as policies from '../contract/approval-policies.ts';
import * as contract from '../contract/committees.ts';
import { withBlobUrls } from '../hosted-url.ts';
import type { App, Services } from '../services.ts';
import { toPageAnswer, toPageRequest } from '../pages.ts';

/** Who sits on a committee, and what is approved without it. */
export function committeeRoutes(app: App, { db, workflows, settings }: Services): void {
  const concluded = async ({ benchmark, reviews }: CommitteeChange) => {
    await workflows.tellReviews(reviews);
    return withBlobUrls(settings.publicUrl, benchmark);
  };

  app.route({
    ...contract.addMember,
    handler: async ({ params, body }) => concluded(await addMember(db, params.name, body.member)),
  });

  app.route({
    ...contract.removeMember,
    handler: async ({ params }) => concluded(await removeMember(db, params.name, params.member)),
  });

  app.route({
    ...policies.readApprovalPolicies,
    handler: async ({ params }) => readApprovalPolicies(db, params.name),
  });

  app.route({
    ...policies.setApprovalPolicy,
    handler: async (request) => {
      const { kind, ...policy } = request.body;
      return setApprovalPolicy(db, callerOf(request), request.params.name, kind, toApprovalPolicy(policy));
    },
  });
}

export function invitationRoutes(app: App, { db }: Services): void {
  app.route({
    ...contract.inviteContainer,
    handler: async (request, reply) => {
      const { owner, container, reason } = request.body;
      const ref = { owner, name: container };
      const invitation = await inviteContainer(db, callerOf(request), request.params.name, ref, reason);
      return reply.code(201).send(invitation);
    },
  });

  app.route({
    ...contract.withdrawInvitation,
    handler: async ({ params: { name, owner, container } }, reply) => {
      await withdrawInvitation(db, name, { owner, name: container });
      return reply.code(204).send();
    },
  });

  app.route({
    ...contract.listInvitations,
    handler: async (request) => {
      const page = toPageRequest('listInvitations', request.query);
      return toPageAnswer('listInvitations', await listInvitations(db, callerOf(request).id, page));
    },
  });
}
