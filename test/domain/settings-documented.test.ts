import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('docs/operations.md has one row for each setting, and none for what is not a setting', () => {
  const declared = [...read('stack/configuration.ts').matchAll(/\b[a-z]\w*\('([A-Z][A-Z_]+)'/g)].map(
    ([, name]) => name,
  );
  const documented = [...read('docs/operations.md').matchAll(/^\| `([A-Z][A-Z_]+)` /gm)].map(([, name]) => name);
  expect(declared.length).toBeGreaterThan(20);
  expect(documented.sort()).toEqual(declared.sort());
});
