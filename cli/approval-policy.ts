/** How what a benchmark approves without votes is written on a command line, and read. */
import { entityTagOf } from '../client/entity-tags.ts';
import type { PlatformClient, Schema } from '../client/platform.ts';
import type { BenchmarkName } from '../domain/ids.ts';
import { listOption } from './command.ts';
import { unlessSomebodyWasFaster, type Rows } from './changed-meanwhile.ts';
import { usage } from './usage.ts';

type GivenPolicy = Schema<'NewApprovalPolicy'>;
type Policies = Schema<'ApprovalPolicies'>;

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

/**
 * Puts what is given in place of `there`, which was just read. Fails with `E_CHANGED_MEANWHILE`, and what they are by
 * now, where another member was faster.
 */
export async function replacePolicies(
  platform: PlatformClient,
  name: BenchmarkName,
  there: Policies,
  given: { readonly [Kind in keyof Policies]: GivenPolicy | undefined },
): Promise<Policies> {
  const keep = ({ approves, addresses }: Policies['container']): GivenPolicy => ({ approves, addresses });
  const body = { container: given.container ?? keep(there.container), dataset: given.dataset ?? keep(there.dataset) };
  const header = { 'if-match': entityTagOf(there) };
  return unlessSomebodyWasFaster({
    of: name,
    before: policyRows(there),
    send: () => platform.setApprovalPolicies({ path: { name }, header, body }),
    look: async () => policyRows(await platform.readApprovalPolicies({ path: { name } })),
  });
}

export const policyRows = ({ container, dataset }: Policies): Rows => [
  ['Containers', policyText(container)],
  ['Datasets', policyText(dataset)],
];

function policyText({ approves, addresses, setBy }: Schema<'ApprovalPolicy'>): string {
  const what = { never: 'none: votes decide', always: 'all', listed: `those of ${addresses.join(', ')}` }[approves];
  return setBy === null ? what : `${what} (set by ${setBy})`;
}
