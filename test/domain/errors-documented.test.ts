import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ERROR_KINDS } from '../../domain/errors.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = page
  .split('\n### ')
  .slice(1)
  .map((section) => ({ code: section.split('\n', 1)[0], text: section }));

describe('docs/errors.md', () => {
  test('has one section for each code, and none for what is not a code', () => {
    expect(sections.map(({ code }) => code).sort()).toEqual(Object.keys(ERROR_KINDS).sort());
  });

  test.each(Object.entries(ERROR_KINDS))(
    'says of %s its status, its exit code, what, why and what to do',
    (code, kind) => {
      const section = sections.find((found) => found.code === code)?.text ?? '';
      expect(section).toContain(`\nHTTP ${kind.status}, exit ${kind.exit}\n`);
      for (const line of ['What', 'Why', 'Do']) expect(section).toMatch(new RegExp(`^- ${line}: \\S.*\\.$`, 'm'));
    },
  );
});
