/** How what a benchmark approves without votes is written on a command line, and read. */
import type { Schema } from '../client/platform.ts';
import { listOption, usage } from './command.ts';

type GivenPolicy = Schema<'NewApprovalPolicy'>;

/** `never`, `always`, or addresses. */
export const policyOption = (what: string) =>
  listOption(
    'POLICY',
    `Which ${what} are approved without votes: never, always, or those of ADDRESS,ADDRESS…`,
    parseWord,
  );

const isAddress = (word: string): boolean => word.includes('@');

function parseWord(word: string): string {
  if (word === 'never' || word === 'always' || isAddress(word)) return word;
  throw usage(`${JSON.stringify(word)} is no policy.`, 'Write never, always, or e-mail addresses with commas between.');
}

/** `undefined` where nothing was said. Fails with `E_USAGE` for two policies in one. */
export function toGivenPolicy(words: readonly string[], name: string): GivenPolicy | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  if (words.every(isAddress)) return { approves: 'listed', addresses: [...words] };
  if (words.length > 1) throw usage(`${name} has more than one policy.`, 'Write never, always, or addresses only.');
  return { approves: first === 'always' ? 'always' : 'never' };
}

export function policyText({ approves, addresses, setBy }: Schema<'ApprovalPolicy'>): string {
  const what = { never: 'none: votes decide', always: 'all', listed: `those of ${addresses.join(', ')}` }[approves];
  return setBy === null ? what : `${what} (set by ${setBy})`;
}
