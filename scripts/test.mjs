// The whole of `npm test`: format, lint, types, import rules, then every test. The last line counts them all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(tmpdir(), 'strongroom-test-'));
const report = path.join(folder, 'jest.json');
const run = (command, args) => spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;

const checks = [
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['lint', 'eslint', ['.']],
  ['types', 'tsc', ['-p', '.']],
  ['imports', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', '.']],
];
let passed = 0;
let failed = 0;
for (const [name, command, args] of checks) {
  console.log(`— ${name}`);
  if (run(command, args)) passed += 1;
  else failed += 1;
}
console.log('— tests');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
const jest = run(process.execPath, [...flags, '--json', '--outputFile', report, ...process.argv.slice(2)]);
try {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  passed += numPassedTests;
  failed += numFailedTests + numRuntimeErrorTestSuites;
} catch {
  failed += 1;
}
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(jest && failed === 0 ? 0 : 1);
