/** What docs/confidential-inference.md says is tried is tried: each test that it names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** `file`: "one", "two" → each file with each part of a name; quotes within a name are written \". */
function namedTests(page: string): readonly (readonly [string, string])[] {
  const groups = page.matchAll(/`([a-z]+\/[a-z-]+)`: ("(?:\\"|[^"])+"(?:, "(?:\\"|[^"])+")*)/g);
  return [...groups].flatMap(([, file = '', names = '']) =>
    [...names.matchAll(/"((?:\\"|[^"])+)"/g)].map(([, name = '']) => [file, name.replaceAll('\\"', '"')] as const),
  );
}

const page = text('docs/confidential-inference.md');

test('every test that the page on confidential inference names is there', () => {
  const named = namedTests(page);
  const missing = named.filter(([file, name]) => {
    const path = `test/${file}.test.ts`;
    return !existsSync(new URL(`../../${path}`, import.meta.url)) || !text(path).includes(name);
  });
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(70);
});

test('the page names a test for each weakness of earlier systems', () => {
  const weaknesses = ['1', '2', '3', '4', '5a', '5b', '5c', '6', '7', '8', '9', '10', '11', '12', '13', '14'];
  const untried = weaknesses.filter((number) => {
    const row = page.split('\n').find((line) => line.startsWith(`| W${number} `));
    return row === undefined || namedTests(row).length === 0;
  });
  expect(untried).toEqual([]);
});
