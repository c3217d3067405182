/** A real Temporal for one test file, with the platform's worker where the file asks for one. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { SearchAttributeType } from '@temporalio/common';
import { startPatiently } from '../../support/start-patiently.ts';

export async function startTemporal(): Promise<TestWorkflowEnvironment> {
  const path = findTemporal();
  return startPatiently(() =>
    TestWorkflowEnvironment.createLocal({
      server: {
        ...(path !== undefined && { executable: { type: 'existing-path', path } }),
        searchAttributes: ['Stage', 'WaitingOn', 'Container', 'Benchmark'].map((name) => ({
          name,
          type: SearchAttributeType.KEYWORD,
        })),
        extraArgs: [
          '--dynamic-config-value',
          'history.transferProcessorMaxPollRPS=2000',
          '--dynamic-config-value',
          'history.timerProcessorMaxPollRPS=2000',
          '--dynamic-config-value',
          'history.maxInFlightUpdates=200',
          '--log-level',
          'never',
        ],
      },
    }),
  );
}

function findTemporal(): string | undefined {
  const goBin = join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin');
  const folders = [...(process.env.PATH ?? '').split(delimiter), goBin];
  return folders.map((folder) => join(folder, 'temporal')).find((path) => existsSync(path));
}
