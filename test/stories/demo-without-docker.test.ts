import { describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDemo } from './running-demo.ts';

describe('where Docker does not answer, the demo', () => {
  const DOCKER_HOST = 'unix:///nonexistent/docker.sock';
  const linesOf = (shown: string) => shown.split('\n').filter((line) => line !== '' && !line.startsWith('>'));

  test('says so, and tells the whole story with functions in the sandbox', async () => {
    const { code, shown } = await startDemo([], { DOCKER_HOST }).ended();
    expect(code).toBe(0);
    const [missing, advice, goesOn] = linesOf(shown);
    expect(missing).toMatch(/^E_DOCKER_UNAVAILABLE/);
    expect(advice).toMatch(/^Install/);
    expect(goesOn).toMatch(/^Going on without it/);
    expect(shown).toMatch(/Sent: +yes/);
    expect(shown).toContain('The study is over.');
    expect(shown).toContain('E_ACCESS_CLOSED');
    expect(shown).toMatch(/Encrypted to the key of dora[^]*--sealed[^]*0: \d/);
  });

  test('says in two lines what is missing where there is no sandbox either, and has an exit code of its own', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'no-sandbox-'));
    try {
      // A bubblewrap as it is where the system lets nobody make namespaces.
      const refusing = '#!/bin/sh\necho "bwrap: No permissions to create a new namespace" >&2\nexit 1\n';
      await writeFile(path.join(folder, 'bwrap'), refusing, { mode: 0o755 });
      const PATH = `${folder}:${process.env.PATH ?? ''}`;
      const { code, shown } = await startDemo([], { DOCKER_HOST, PATH }).ended();
      expect(code).toBe(11);
      expect(linesOf(shown)).toHaveLength(2);
      expect(linesOf(shown).join(' ')).toMatch(/E_DOCKER_UNAVAILABLE.*nstall/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
