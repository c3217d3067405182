/**
 * The whole fault suite, some twenty minutes: `npm run test:faults`. What follows `--` goes to jest, for instance
 * `npm run test:faults -- --testNamePattern Postgres`.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  path.join('node_modules', 'jest', 'bin', 'jest.js'),
];

const { status } = spawnSync(process.execPath, [...JEST, ...process.argv.slice(2), '--selectProjects', 'faults'], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
