/** One table says who may do what: it has a row for every operation and Update, and its page says the same. */
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { declaredRoutes } from '../../api/contract/all.ts';
import { permissionsDocument } from '../../api/permissions-document.ts';
import { isScope, judge, permissionFor, PERMISSIONS, UPDATES, type Standing } from '../../domain/permissions.ts';

const workflows = new URL('../../workflows/', import.meta.url);

describe('the table of permissions', () => {
  test('has a row for every operation of the API', () => {
    const missing = declaredRoutes
      .map(({ config }) => config.operation)
      .filter((operation) => permissionFor(operation) === undefined)
      .map((operation) => `${operation} has no row in domain/permissions.ts`);
    expect(missing).toEqual([]);
  });

  test('has a row for every Update of a workflow, and none for what is no Update', async () => {
    const found: string[] = [];
    for (const entry of await readdir(workflows, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const contract = await readFile(new URL(`${entry.name}/contract.ts`, workflows), 'utf8').catch(() => '');
      for (const [, name] of contract.matchAll(/defineUpdate\b[^'"]*['"](\w+)['"]/g))
        found.push(`${entry.name}/${name}`);
    }
    expect(found.sort()).toEqual(Object.keys(UPDATES).sort());
    for (const sender of Object.values(UPDATES)) {
      if (sender !== 'the party itself') expect(PERMISSIONS).toHaveProperty(sender);
    }
  });

  test('refuses by default: unknown operations, scopes and standings allow nothing', () => {
    expect(permissionFor('deleteEverything')).toBeUndefined();
    expect(permissionFor('toString')).toBeUndefined();
    expect(permissionFor(undefined)).toBeUndefined();
    expect(isScope('admin')).toBe(false);
    expect(isScope('constructor')).toBe(false);
    expect(judge(PERMISSIONS.readBenchmark as never, ['emperor' as Standing])).toBe('unseen');
    expect(judge(PERMISSIONS.readBenchmark as never, [])).toBe('unseen');
  });

  test('is what docs/permissions.md says', () => {
    expect(readFileSync(new URL('../../docs/permissions.md', import.meta.url), 'utf8')).toBe(permissionsDocument());
  });
});
