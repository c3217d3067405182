import { proxyActivities } from '@temporalio/workflow';
import type { EventMailActivities } from '../../activities/event-mails.ts';
import { QUICK } from '../story/activity-options.ts';
import { pinned } from '../story/pinned.ts';

const { mailEvent: mail } = proxyActivities<EventMailActivities>(QUICK);

pinned(mailEvent);

/** Mails an event to whom it is for, however long the mail server is away. */
export async function mailEvent(event: number): Promise<void> {
  await mail.executeWithOptions({ summary: 'Send the mail' }, [event]);
}
