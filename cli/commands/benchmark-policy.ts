import { parseBenchmarkName } from '../../domain/ids.ts';
import { policyOption, policyRows, replacePolicies, toGivenPolicy } from '../approval-policy.ts';
import { argument, defineCommand } from '../command.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'benchmark policy',
  summary: 'Show or set what a benchmark approves without votes',
  examples: [
    'strongroom benchmark policy digits',
    'strongroom benchmark policy digits --approve-containers always --approve-datasets bob@example.org,eve@example.org',
  ],
  details:
    'For members of the committee, and for requests to come. A member, and whoever set the policy, is voted on all the ' +
    'same. Everything else that a request needs stays: the test, the digests, and the verified address. Where ' +
    'another member sets a policy at the same moment, the slower one of you changes nothing and is shown what it is now.',
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  options: { 'approve-containers': policyOption('containers'), 'approve-datasets': policyOption('datasets') },
  async run({ arguments: { name }, options }, context) {
    const platform = await context.platform();
    const given = {
      container: toGivenPolicy(options['approve-containers'], '--approve-containers'),
      dataset: toGivenPolicy(options['approve-datasets'], '--approve-datasets'),
    };
    const there = await platform.readApprovalPolicies({ path: { name } });
    const isChange = Object.values(given).some((policy) => policy !== undefined);
    const policies = isChange ? await replacePolicies(platform, name, there, given) : there;
    return { data: { policies }, ids: [name], lines: ['Approved without votes', ...facts(policyRows(policies))] };
  },
});
