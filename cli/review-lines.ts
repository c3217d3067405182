/** How a request and its review read. */
import type { Schema } from '../client/platform.ts';
import { facts, moment } from './table.ts';

export function associationLines(one: Schema<'Association'>): string[] {
  return [
    ...facts([
      ['Association', one.id],
      [one.kind === 'container' ? 'Container' : 'Dataset', `${one.owner}/${one.name}`],
      ['Benchmark', one.benchmark],
      ['State', `${one.state}, since ${moment(one.since) ?? ''}`],
      ['Why', one.reason ?? 'The committee has not decided yet.'],
      ['Approved by', one.approvedBy === 'policy' ? 'the benchmark, without votes' : one.approvedBy],
      ['Invited by', one.invitedBy],
      ['Approvals', `${one.approvals} of ${one.quorum}`],
      ['Waiting for', one.waitingOn.join(', ')],
      ['Next', one.next],
      ['Requested', `${moment(one.requestedAt) ?? ''}${one.submission > 1 ? `, submission ${one.submission}` : ''}`],
      ...submittedFacts(one.content),
      ['Test result', one.testResult && JSON.stringify(one.testResult)],
    ]),
    ...voteLines(one.votes),
  ];
}

/** What the committee decides on. */
const submittedFacts = (content: Schema<'Association'>['content']): [string, string][] =>
  'datasetSha256' in content
    ? [['Data', `sha256 ${content.datasetSha256}`]]
    : [
        ['Archive', `sha256 ${content.archiveSha256}`],
        ['Image', content.imageDigest],
        ['Config', `sha256 ${content.configSha256}`],
      ];

export function reviewLines(review: Schema<'ReviewStatus'>): string[] {
  return [
    ...facts([
      ['State', review.state],
      ['Approvals', `${review.approvals} of ${review.quorum}`],
      ['Why', review.reason],
      ['Waiting for', review.waitingFor.join(', ')],
      ['Decision by', moment(review.deadline)],
    ]),
    ...voteLines(review.votes),
  ];
}

const voteLines = (votes: readonly { member: string; ballot: string; reason: string }[]): string[] =>
  votes.map(({ member, ballot, reason }) => `  ${member}: ${ballot}${reason === '' ? '' : `, "${reason}"`}`);
