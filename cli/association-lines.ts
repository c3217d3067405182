/** How a request and its review read. */
import type { Schema } from '../client/platform.ts';
import { facts, moment } from './table.ts';

export function associationLines(one: Schema<'Association'>): string[] {
  return [
    ...facts([
      ['Association', one.id],
      [one.kind === 'container' ? 'Container' : 'Dataset', `${one.owner}/${one.name}`],
      ['Benchmark', one.benchmark],
      ['State', one.state],
      ['Reason', one.reason],
      ['Requested', moment(one.requestedAt)],
      ['Decision by', moment(one.deadline)],
      ['Approvals', `${one.approvals} of ${one.quorum}`],
      ['Waiting for', one.waitingFor.join(', ')],
      ['Test result', one.testResult && JSON.stringify(one.testResult)],
    ]),
    ...voteLines(one.votes),
  ];
}

export function reviewLines(review: Schema<'ReviewStatus'>): string[] {
  return [
    ...facts([
      ['State', review.state],
      ['Approvals', `${review.approvals} of ${review.quorum}`],
      ['Waiting for', review.waitingFor.join(', ')],
      ['Decision by', moment(review.deadline)],
    ]),
    ...voteLines(review.votes),
  ];
}

const voteLines = (votes: readonly { member: string; ballot: string; reason: string }[]): string[] =>
  votes.map(({ member, ballot, reason }) => `  ${member}: ${ballot}${reason === '' ? '' : `, "${reason}"`}`);
