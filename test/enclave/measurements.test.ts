/** What the registers stand for: the files of this repository and the ways in which runners are shut in (W13). */
import { appendFile, cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { measureProgram, measureSandbox } from '../../enclave/host/measurements.ts';
import { containerSpecification } from '../../enclave/host/start-container.ts';
import { DEFAULT_LIMITS } from '../../domain/function.ts';
import { testFolder } from '../cli/support.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const PARTS = ['enclave/broker', 'workers/broker.ts'];

test('a program is measured by its files, wherever they lie, and by each byte of them', async () => {
  await using folder = await testFolder();
  await mkdir(folder.in('workers'));
  for (const part of PARTS) await cp(path.join(ROOT, part), folder.in(part), { recursive: true });
  const here = await measureProgram(ROOT, PARTS);
  expect(await measureProgram(folder.path, PARTS)).toBe(here);
  await appendFile(folder.in('enclave/broker/broker.ts'), '\n');
  expect(await measureProgram(folder.path, PARTS)).not.toBe(here);
});

test('each way to shut a runner in has a measurement of its own, which is the same each time', async () => {
  const [bubblewrap, docker] = [await measureSandbox('bubblewrap'), await measureSandbox('docker')];
  expect(docker).not.toBe(bubblewrap);
  expect([await measureSandbox('bubblewrap'), await measureSandbox('docker')]).toEqual([bubblewrap, docker]);
});

test('what is measured of a container says how it is shut in, and nothing of this machine', async () => {
  const text = JSON.stringify(await containerSpecification(DEFAULT_LIMITS));
  for (const shut of ['"NetworkMode":"none"', '"ReadonlyRootfs":true', '"CapDrop":["ALL"]', 'no-new-privileges']) {
    expect(text).toContain(shut);
  }
  expect(text).not.toContain(ROOT);
  expect(text).not.toContain('strongroom.runner.host');
});
