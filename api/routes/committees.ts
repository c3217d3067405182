import { toApprovalPolicy } from '../../domain/approval-policy.ts';
import { readApprovalPolicies, setApprovalPolicies } from '../../storage/approval-policies.ts';
import { addMember, removeMember, type CommitteeChange } from '../../storage/committees.ts';
import { inviteContainer, listInvitations, withdrawInvitation } from '../../storage/invitations.ts';
import { callerOf } from '../caller.ts';
import * as policies from '../contract/approval-policies.ts';
import * as contract from '../contract/committees.ts';
import { isKnown, requireMatch, withEntityTag } from '../entity-tags.ts';
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
    handler: async ({ params, headers }, reply) => {
      const answer = withEntityTag(reply, await readApprovalPolicies(db, params.name));
      return isKnown(headers, answer) ? reply.code(304).send() : reply.send(answer);
    },
  });

  app.route({
    ...policies.setApprovalPolicies,
    handler: async (request, reply) => {
      const { params, body, headers } = request;
      const given = { container: toApprovalPolicy(body.container), dataset: toApprovalPolicy(body.dataset) };
      const set = await setApprovalPolicies(db, callerOf(request), params.name, given, requireMatch(headers));
      return withEntityTag(reply, set);
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
      const { query } = request;
      const page = toPageRequest('listInvitations', query);
      return toPageAnswer('listInvitations', query, await listInvitations(db, callerOf(request).id, query, page));
    },
  });
}
