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
  'webhook.disabled',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Of these everyone concerned hears by mail, too. What a review tells, it mails itself. */
export const MAILED_EVENTS: readonly EventType[] = [
  'approval-policy.changed',
  'committee.joined',
  'committee.left',
  'container.invited',
  'webhook.disabled',
];
