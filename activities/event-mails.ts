/** Mails of what happens to committees and webhooks. */
import type { Handle } from '../domain/ids.ts';
import { listMailAddresses } from '../storage/accounts.ts';
import { findEvent, type StoredEvent } from '../storage/events.ts';
import { sendMailOnce } from '../storage/sent-mails.ts';
import type { Platform } from './platform.ts';

export interface EventMailActivities {
  /** Mails an event to whom it is for, once. */
  mailEvent(event: number): Promise<void>;
}

export function createEventMailActivities({ db, sendMail }: Pick<Platform, 'db' | 'sendMail'>): EventMailActivities {
  return {
    async mailEvent(id) {
      const found = await findEvent(db, id);
      const words = found && wordsOf(found.event, found.audience);
      if (!words) return;
      const [subject, ...lines] = words;
      for (const to of await listMailAddresses(db, [found.audience])) {
        await sendMailOnce(db, sendMail, `event ${id}`, { to, subject, text: lines.join('\n') });
      }
    },
  };
}

type Words = readonly [subject: string, ...lines: string[]];

/** The subject, and the lines below it. */
function wordsOf(event: StoredEvent, reader: Handle): Words | null {
  const { type, benchmark = '', account = '', container = '' } = event;
  const who = account === reader ? 'you' : account;
  const committee = ['', `strongroom member list ${benchmark}`];
  switch (type) {
    case 'container.invited': {
      const [, name = ''] = container.split('/');
      const how = `strongroom container associate ${name} --benchmark ${benchmark}`;
      return [
        `${benchmark}: ${container} is invited`,
        `${account} of the committee of ${benchmark} would like you to ask for an association of ${container}.`,
        'The request is tested and decided on like any other.',
        ...['', 'strongroom invitation list', how],
      ];
    }
    case 'committee.joined':
      return [
        `${benchmark}: ${who} joined the committee`,
        `From now on ${who} may vote on what is undecided.`,
        ...committee,
      ];
    case 'committee.left':
      return [
        `${benchmark}: ${who} left the committee`,
        `Votes of ${who} no longer count on what is undecided.`,
        ...committee,
      ];
    case 'approval-policy.changed':
      return [
        `${benchmark}: ${who} changed what is approved without votes`,
        'If that was not agreed, any member can set it back.',
        ...['', `strongroom benchmark policy ${benchmark}`],
      ];
    case 'webhook.disabled':
      return [
        'A webhook of yours was switched off',
        'Nothing is sent to it any more.',
        '',
        'strongroom webhook list',
        'strongroom webhook enable ID',
      ];
    default:
      return null;
  }
}
