/**
 * The whole fault suite: `npm run test:faults`, three quarters of an hour. Where all of it passes, docs/reliability.md gets its
 * table anew. What follows `--` goes to jest, for instance `npm run test:faults -- --testNamePattern postgres`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  path.join('node_modules', 'jest', 'bin', 'jest.js'),
];
const PAGE = path.join('docs', 'reliability.md');
const [BEGIN, END] = ['<!-- made by npm run test:faults -->', '<!-- until here -->'];

const seconds = (number) => (number === null ? 'never' : `${number.toFixed(1)} s`);

function tableOf(rows) {
  const head = ['fault', 'what a caller of the API sees', 'noticed after', 'back after', 'lost', 'doubled'];
  const cells = rows.map(({ fault, seen, noticedAfter, backAfter, lost, doubled }) => [
    ...[fault, seen, seconds(noticedAfter), seconds(backAfter), String(lost), String(doubled)],
  ]);
  const line = (texts) => `| ${texts.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...cells.map(line)].join('\n');
}

function writePage(rows) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest.split(END);
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${tableOf(rows)}\n\n${END}${after}`);
  spawnSync(process.execPath, [path.join('node_modules', 'prettier', 'bin', 'prettier.cjs'), '--write', PAGE]);
}

const folder = mkdtempSync(path.join(tmpdir(), 'faults-'));
const rowsFile = path.join(folder, 'rows.jsonl');
try {
  const chosen = process.argv.slice(2);
  const { status } = spawnSync(process.execPath, [...JEST, ...chosen, '--selectProjects', 'faults'], {
    stdio: 'inherit',
    env: { ...process.env, FAULTS_ROWS: rowsFile },
  });
  process.exitCode = status ?? 1;
  if (status === 0 && chosen.length === 0) {
    const lines = readFileSync(rowsFile, 'utf8').split('\n').filter(Boolean);
    writePage(lines.map((line) => JSON.parse(line)));
    console.log(`${PAGE} has ${lines.length} faults.`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
