/** Temporal's time-skipping test server: from Maven Central where Maven is there, otherwise Temporal's own download. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../workflows/story/contract.ts';
import { cacheFolder } from '../../stack/cache-folder.ts';
import { startPatiently } from './start-patiently.ts';

const VERSION = '1.32.0';
/** Java starts with a quarter less work, which counts where it lives for some seconds. */
const SOON_THERE = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD`. */
const KEYWORD = 2;
const POM = path.join(import.meta.dirname, 'time-skipping-server', 'pom.xml');

/** Starts a server that skips time while a workflow only waits. Time is global to it: use one per test file. */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const executable = hasCommand('mvn') && hasCommand('java') ? launcherFromMaven() : null;
  const environment = await startPatiently(() =>
    TestWorkflowEnvironment.createTimeSkipping(
      executable ? { server: { executable: { type: 'existing-path', path: executable } } } : {},
    ),
  );
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(Object.values(SEARCH_ATTRIBUTES).map(({ name }) => [name, KEYWORD])),
  });
  return environment;
}

function launcherFromMaven(): string {
  const cache = cacheFolder();
  const folder = path.join(cache, `temporal-test-server-${VERSION}`);
  const launcher = path.join(folder, 'temporal-test-server');
  if (existsSync(launcher)) return launcher;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  execFileSync('mvn', ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${fresh}/lib`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const script = `#!/bin/sh\nexec java ${SOON_THERE} -cp "${folder}/lib/*" io.temporal.testserver.TestServer "$@"\n`;
  writeFileSync(path.join(fresh, 'temporal-test-server'), script);
  chmodSync(path.join(fresh, 'temporal-test-server'), 0o755);
  if (!existsSync(folder)) renameSync(fresh, folder);
  return launcher;
}

function hasCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => existsSync(path.join(folder, name)));
}
