import { ASSOCIATION_KINDS } from '../../domain/association.ts';
import { parseBenchmarkName } from '../../domain/ids.ts';
import { policyOption, policyText, toGivenPolicy } from '../approval-policy.ts';
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
    'same. Everything else that a request needs stays: the test, the digests, and the verified address.',
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  options: { 'approve-containers': policyOption('containers'), 'approve-datasets': policyOption('datasets') },
  async run({ arguments: { name }, options }, context) {
    const platform = await context.platform();
    const given = {
      container: toGivenPolicy(options['approve-containers'], '--approve-containers'),
      dataset: toGivenPolicy(options['approve-datasets'], '--approve-datasets'),
    };
    for (const kind of ASSOCIATION_KINDS) {
      const policy = given[kind];
      if (policy) await platform.setApprovalPolicy({ path: { name }, body: { kind, ...policy } });
    }
    const policies = await platform.readApprovalPolicies({ path: { name } });
    const rows = [
      ['Containers', policyText(policies.container)],
      ['Datasets', policyText(policies.dataset)],
    ] as const;
    return { data: { policies }, ids: [name], lines: ['Approved without votes', ...facts(rows)] };
  },
});
