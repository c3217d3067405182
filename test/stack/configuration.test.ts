import { afterAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StrongroomError } from '../../domain/errors.ts';
import { describeConfiguration, readPartyConfiguration, readPlatformConfiguration } from '../../stack/configuration.ts';

function problemOf(read: () => unknown): StrongroomError {
  try {
    read();
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

const folder = mkdtempSync(path.join(tmpdir(), 'strongroom-config-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function homeWith(config: string): string {
  const home = mkdtempSync(path.join(folder, 'home-'));
  writeFileSync(path.join(home, 'config.yaml'), config);
  return home;
}

describe('configuration', () => {
  test('the environment goes before the file, and the file before the default', () => {
    const home = homeWith('pids: 12\ncpus: 0.5\n');
    const config = readPartyConfiguration({ STRONGROOM_HOME: home, STRONGROOM_RUN_PIDS: '34' });
    expect(config).toMatchObject({ pids: 34, cpus: 0.5, allowPrivateAddresses: false });
  });

  test('an unknown variable is refused, and the nearest known one is named', () => {
    const problem = problemOf(() => readPlatformConfiguration({ STRONGROOM_DTA: '/data' }));
    expect(problem).toMatchObject({ code: 'E_CONFIG', message: 'There is no variable STRONGROOM_DTA.' });
    expect(problem.next).toContain('STRONGROOM_DATA');
  });

  test('an unknown key of the file is refused', () => {
    const problem = problemOf(() => readPartyConfiguration({ STRONGROOM_HOME: homeWith('pidz: 12\n') }));
    expect(problem).toMatchObject({ code: 'E_CONFIG' });
    expect(problem.message).toContain('pidz');
  });

  test.each([
    ['STRONGROOM_API_PORT', 'eighty'],
    ['STRONGROOM_API_PORT', '65536'],
    ['STRONGROOM_LOG_LEVEL', 'loud'],
    ['STRONGROOM_MAX_UPLOAD_BYTES', '0'],
    ['STRONGROOM_TRUST_PROXY', 'yes'],
  ])('%s=%s is refused, and what is allowed is said', (name, value) => {
    const problem = problemOf(() => readPlatformConfiguration({ [name]: value }));
    expect(problem.message).toContain(name);
    expect(problem.why).toMatch(/^It takes /);
  });

  test('nothing needs to be set: Postgres and Temporal are then the embedded ones', () => {
    const config = readPlatformConfiguration({ STRONGROOM_DATA: homeWith('') });
    expect(config).toMatchObject({ databaseUrl: null, temporalAddress: null, apiHost: '127.0.0.1', apiPort: 0 });
  });

  test('an empty variable counts as unset', () => {
    const env = { STRONGROOM_DATA: homeWith('mailFrom: file@example.org\n'), STRONGROOM_MAIL_FROM: '' };
    expect(readPlatformConfiguration(env).mailFrom).toBe('file@example.org');
  });

  test('a file that is not YAML is refused with its place, without quoting what may be a password', () => {
    const home = homeWith('pids: 1\napiUrl: "https://hunter2@example.org\n');
    const problem = problemOf(() => readPartyConfiguration({ STRONGROOM_HOME: home }));
    expect(problem.message).toMatch(/line \d+, column \d+/);
    expect([problem.message, problem.why, problem.next, String(problem.cause)].join(' ')).not.toContain('hunter2');
  });

  test.each(['- a\n', 'pids: [1]\n', 'just words'])('a file that is no list of settings is refused: %j', (content) => {
    const problem = problemOf(() => readPartyConfiguration({ STRONGROOM_HOME: homeWith(content) }));
    expect(problem).toMatchObject({ code: 'E_CONFIG' });
    expect(problem.message).toContain('is not a list of settings');
  });

  test('secrets are never shown', () => {
    const rows = describeConfiguration({
      DATABASE_URL: 'postgres://me:hunter2@db/x',
      STRONGROOM_SMTP_URL: 'smtp://hunter2@x',
    });
    expect(JSON.stringify(rows)).not.toContain('hunter2');
    expect(rows).toContainEqual({ key: 'databaseUrl', value: '(set)', origin: 'environment' });
  });
});
