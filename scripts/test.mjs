/**
 * The whole of `npm test`: format, lint, types, import rules, and every test. What follows `--` goes to jest, for
 * instance `npm test -- --selectProjects domain`. The last line counts every check and every test.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

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
/** They look whether anything was left in Docker, so that nothing else may use it meanwhile. */
const ALONE_IN_DOCKER = ['containers', 'quick-faults', 'stories-alone'];
/** They leave nothing in Docker that the others would take for theirs. */
const BESIDE = ['domain', 'crypto', 'client', 'enclave', 'api', 'workflows', 'stack', 'cli'];
/** They wait for processes most of the time, so that two processors have work for three. */
const STORIES = ['stories'];

/** Runs a program; its lines come whole, also where several print at once. Answers whether it ended well. */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const colours = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...colours, ...env },
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        console.log(line);
      });
    }
    child.on('error', (error) => {
      console.error(error);
      resolve(false);
    });
    child.on('close', (code) => {
      resolve(code === 0);
    });
  });
}

/** The names of the checks that fail. */
async function runChecks() {
  const failed = [];
  for (const [name, command, args] of CHECKS) {
    const passed = await run(command, args);
    console.log(`${passed ? 'PASS' : 'FAIL'} ${name}`);
    if (!passed) failed.push(name);
  }
  return failed;
}

/**
 * In a temporary folder of their own: some look whether anything was left there. A suite that could not even be loaded
 * has no tests of its own: it counts as one failure.
 */
async function runTests(jestArguments) {
  const folder = mkdtempSync(path.join(tmpdir(), 'tests-'));
  // Postgres, which runs as a user of its own, must get to its folder in it.
  chmodSync(folder, 0o711);
  const report = path.join(folder, 'jest.json');
  try {
    const args = [...JEST, '--json', '--outputFile', report, ...jestArguments];
    const ended = await run(process.execPath, args, { TMPDIR: folder });
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: ended ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const projects = (names, workers) => runTests(['--maxWorkers', String(workers), '--selectProjects', ...names]);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

async function runAll() {
  const [failedChecks, ...first] = await Promise.all([runChecks(), projects(ALONE_IN_DOCKER, 1), projects(BESIDE, 2)]);
  return { failedChecks, runs: [...first, await projects(STORIES, 3)] };
}

async function runChosen(jestArguments) {
  const [failedChecks, tests] = await Promise.all([runChecks(), runTests(jestArguments)]);
  return { failedChecks, runs: [tests] };
}

const chosen = process.argv.slice(2);
const { failedChecks, runs } = await (chosen.length > 0 ? runChosen(chosen) : runAll());
const failed = failedChecks.length + sum(runs.map((tests) => tests.failed));
const passed = CHECKS.length - failedChecks.length + sum(runs.map((tests) => tests.passed));

if (failedChecks.length > 0) console.log(`\nFailed checks: ${failedChecks.join(', ')}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
