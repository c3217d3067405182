import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
const page = read('docs/dependencies.md');

/** The table rows below a heading: name and reason. */
const rowsBelow = (heading: string) => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ', 1)[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)].map(([, name, reason]) => ({ name, reason }));
};

describe('docs/dependencies.md', () => {
  test.each([
    ['Dependencies', Object.keys(manifest.dependencies)],
    ['Development dependencies', Object.keys(manifest.devDependencies)],
  ])('lists under "%s" what package.json has, each once, and nothing else', (heading, names) => {
    expect(
      rowsBelow(heading)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names.sort());
  });

  test('gives a reason for each', () => {
    const rows = [...rowsBelow('Dependencies'), ...rowsBelow('Development dependencies')];
    expect(rows.filter(({ reason }) => (reason ?? '').length < 20)).toEqual([]);
  });
});
