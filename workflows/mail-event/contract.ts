/** The mail of one event. */
export const MAIL_EVENT = 'mailEvent';
export const mailEventWorkflowId = (event: number): string => `event-mail/${event}`;
