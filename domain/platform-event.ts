/** What the platform tells the agents of those concerned, as it happens. */
export const EVENT_TYPES = [
  'association.requested',
  'association.changes-requested',
  'association.decided',
  'approval-policy.changed',
  'committee.joined',
  'committee.left',
  'container.invited',
  'certificate.issued',
  'certificate.revoked',
  'data-owner.authorised',
  'data-owner.left',
  'grant.created',
  'grant.revoked',
  'access.closed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
