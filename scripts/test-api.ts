/**
 * `npm run test:api`: schemathesis sends the running API what its OpenAPI document allows, and what it forbids, alone and
 * in chains, and checks every answer against the document. It takes Python 3.10 or newer; schemathesis is installed once,
 * into a folder of its own. More examples find more: `npm run test:api -- --max-examples 500`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openStage } from '../bench/platform/stage.ts';

const VERSION = '4.32.5';
const ROOT = path.resolve(import.meta.dirname, '..');
const VENV = path.join(ROOT, 'node_modules', '.cache', `schemathesis-${VERSION}`);
/** Two never end, the others end the session by which all the rest is asked. */
const LEFT_OUT = ['streamEvents', 'streamWorkflow', 'logOut', 'logOutEverywhere'];

const { values } = parseArgs({
  options: { 'max-examples': { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
});

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): number {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', cwd: ROOT, env: { ...process.env, ...env } });
  if (error) throw error;
  return status ?? 1;
}

function install(): void {
  if (existsSync(path.join(VENV, 'bin', 'st'))) return;
  const done =
    run('python3', ['-m', 'venv', VENV]) === 0 &&
    run(path.join(VENV, 'bin', 'pip'), ['install', '--quiet', `schemathesis==${VERSION}`]) === 0;
  if (!done) throw new Error('schemathesis could not be installed.');
}

install();
const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-test-api-'));
await chmod(folder, 0o711);
try {
  await using stage = await openStage(folder);
  const { address, token } = stage.alice;
  process.exitCode = run(
    path.join(VENV, 'bin', 'st'),
    [
      ...['--config-file', path.join(ROOT, 'scripts', 'schemathesis.toml')],
      ...['run', `${address}/openapi.json`, '--checks', 'all', '--max-examples', values['max-examples']],
      // Few texts of any kind are ids of functions.
      ...['--suppress-health-check', 'filter_too_much'],
      ...['--seed', values.seed, ...LEFT_OUT.flatMap((id) => ['--exclude-operation-id', id])],
    ],
    { STRONGROOM_TOKEN: token },
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
