import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseBenchmarkName, parseHandle } from '../../domain/ids.ts';
import * as contract from '../../workflows/publish-benchmark/contract.ts';
import { ownerTaskQueue } from '../../workflows/task-queues.ts';
import { policyOption, toGivenPolicy } from '../approval-policy.ts';
import { defineCommand, listOption, option, requiredOption } from '../command.ts';
import { usage } from '../usage.ts';
import { detachOption, runStory, startStory } from '../run-story.ts';
import { facts } from '../table.ts';
import { parseCount, parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'benchmark create',
  summary: 'Create a benchmark with its committee',
  examples: [
    'strongroom benchmark create --name digits --test-dataset test.tar --metrics metrics/container_config.yaml ' +
      '--member carol --member dave --member erin --quorum 2 --approval-days 30',
  ],
  options: {
    name: requiredOption('NAME', "The benchmark's name", parseBenchmarkName),
    'test-dataset': requiredOption('FILE', 'A .tar or .tar.gz with the folders data and labels', parsePath),
    metrics: requiredOption('FILE', 'The container_config.yaml of the metrics container', parsePath),
    member: listOption('HANDLE', 'A member of the committee', parseHandle),
    quorum: requiredOption('N', 'Approvals that a request needs', parseCount),
    'approval-days': option('D', 'Days the committee has (default: 30)', parseCount),
    'reminder-hours': option('H', 'Hours between two reminders (default: 72)', parseCount),
    'approve-containers': policyOption('containers'),
    'approve-datasets': policyOption('datasets'),
    description: option('TEXT', 'What the benchmark is about'),
    detach: detachOption,
  },
  async run({ options }, context) {
    if (options.member.length === 0)
      throw usage('A benchmark needs a committee.', 'Add --member HANDLE for each member.');
    if (options.quorum > options.member.length) {
      throw usage(`${options.member.length} members cannot give ${options.quorum} approvals.`, 'Lower --quorum.');
    }
    const container = toGivenPolicy(options['approve-containers'], '--approve-containers');
    const dataset = toGivenPolicy(options['approve-datasets'], '--approve-datasets');
    const { handle: account } = await context.session();
    const input: contract.PublishBenchmarkInput = {
      account,
      name: options.name,
      description: options.description ?? '',
      testDatasetFile: options['test-dataset'],
      metricsConfigText: await readFile(options.metrics, 'utf8'),
      metricsConfigFolder: dirname(options.metrics),
      members: options.member,
      quorum: options.quorum,
      approvalDays: options['approval-days'] ?? 30,
      reminderHours: options['reminder-hours'] ?? 72,
      policies: { ...(container && { container }), ...(dataset && { dataset }) },
    };
    const story = {
      workflowType: contract.PUBLISH_BENCHMARK,
      workflowId: contract.publishBenchmarkWorkflowId(options.name),
      taskQueue: ownerTaskQueue(account),
      input,
      summary: `Publication of ${options.name}`,
    };
    if (options.detach) return startStory(context, story);
    return runStory(context, story, (benchmark: contract.PublishBenchmarkResult) => ({
      data: { benchmark },
      ids: [benchmark.name],
      lines: facts([
        ['Benchmark', benchmark.name],
        ['Test dataset', `sha256 ${benchmark.testDatasetSha256}`],
        ['Metrics', `sha256 ${benchmark.metricsSha256}`],
      ]),
    }));
  },
});
