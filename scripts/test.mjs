/**
 * The whole of `npm test`: format, lint, types, import rules, then every test. What follows `--` goes to jest, for
 * instance `npm test -- --selectProjects domain`. The last line counts every check and every test.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const CHECKS = [
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['lint', 'eslint', ['.']],
  ['types', 'tsc', ['-p', '.']],
  ['imports', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.']],
];
const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  path.join('node_modules', 'jest', 'bin', 'jest.js'),
];
/**
 * Tests of these projects may run two at a time. The others share one Docker Engine, and look whether anything was left
 * in it or among the processes.
 */
const SIDE_BY_SIDE = ['domain', 'crypto', 'client', 'enclave', 'api', 'workflows', 'stack', 'cli', 'stories'];

function run(name, command, args) {
  console.log(`\n— ${name}`);
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

/** A suite that could not even be loaded has no tests of its own: it counts as one failure. */
function runTests(jestArguments) {
  const folder = mkdtempSync(path.join(tmpdir(), 'strongroom-test-'));
  const report = path.join(folder, 'jest.json');
  try {
    const ended = run('tests', process.execPath, [...JEST, '--json', '--outputFile', report, ...jestArguments]);
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: ended ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const failedChecks = CHECKS.filter(([name, command, args]) => !run(name, command, args)).map(([name]) => name);
const chosen = process.argv.slice(2);
const runs =
  chosen.length > 0
    ? [runTests(chosen)]
    : [
        runTests(['--selectProjects', ...SIDE_BY_SIDE, '--maxWorkers', '2']),
        runTests(['--ignoreProjects', ...SIDE_BY_SIDE, 'faults']),
      ];
const tests = { passed: sum(runs.map((tests) => tests.passed)), failed: sum(runs.map((tests) => tests.failed)) };
const failed = failedChecks.length + tests.failed;

if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(', ')}`);
console.log(`\n${CHECKS.length - failedChecks.length + tests.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
