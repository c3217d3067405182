/** The bundle of one party's workflows, built once per version of the sources and kept for the next start. */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { TRACING_WORKFLOW_MODULE } from '../stack/tracing.ts';
import { cacheFolder } from '../stack/cache-folder.ts';

export type WorkflowParty = 'owner' | 'data-owner' | 'platform' | 'enclave';

const ROOT = path.resolve(import.meta.dirname, '..');
const WORKFLOW_INTERCEPTORS = [path.join(ROOT, 'workflows', 'story', 'request-id.ts')];

/** Answers the path of the bundle. Building takes a second or two; a kept one is taken where no source has changed. */
export async function workflowBundle(party: WorkflowParty, traced = false): Promise<{ codePath: string }> {
  const cache = path.join(cacheFolder(), 'workflows');
  const codePath = path.join(cache, `${party}${traced ? '-traced' : ''}-${digestOfSources()}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'workflows', `${party}.ts`),
    workflowInterceptorModules: [...WORKFLOW_INTERCEPTORS, ...(traced ? [TRACING_WORKFLOW_MODULE] : [])],
    logger: new DefaultLogger('ERROR'),
  });
  mkdirSync(cache, { recursive: true });
  const beside = `${codePath}.${process.pid}`;
  writeFileSync(beside, code);
  renameSync(beside, codePath);
  return { codePath };
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  const files = globSync(['workflows/**/*.ts', 'domain/*.ts', 'package-lock.json'], { cwd: ROOT }).sort();
  for (const file of files) hash.update(file).update(readFileSync(path.join(ROOT, file)));
  return hash.digest('hex').slice(0, 16);
}
