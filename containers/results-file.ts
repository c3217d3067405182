/** Reads the results that a metrics container wrote, bounded, into metrics. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { Metrics } from '../domain/metrics.ts';
import { METRICS_MAX_BYTES, parseMetrics } from '../domain/metrics.ts';
import { readYaml } from '../domain/yaml-reader.ts';
import { codeOf } from './failure.ts';

const NAMES = ['results.yaml', 'results.yml', 'results.json'];

/**
 * The metrics in `path`: a YAML or JSON file, or a folder with `results.yaml` or `results.json` in it. Links are not
 * followed. Fails with `E_RESULTS_INVALID`.
 */
export async function readResults(path: string): Promise<Metrics> {
  for (const candidate of [path, ...NAMES.map((name) => join(path, name))]) {
    const text = await readSmallFile(candidate);
    if (text !== null) return parseMetrics(parseText(text));
  }
  throw invalid('There is no results.yaml or results.json.');
}

/** YAML 1.2 holds JSON, so one parser reads both. */
function parseText(text: string): unknown {
  const rules = { code: 'E_RESULTS_INVALID', what: 'results file', maxBytes: METRICS_MAX_BYTES } as const;
  return readYaml(text, rules).plain();
}

async function readSmallFile(path: string): Promise<string | null> {
  const file = await openPlain(path);
  if (!file) return null;
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) return null;
    if (!stats.isFile()) throw invalid('It is not a regular file.');
    if (stats.size > METRICS_MAX_BYTES) throw invalid(`It has more than ${METRICS_MAX_BYTES} bytes.`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openPlain(path: string) {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'ELOOP') throw invalid('It is a link.');
    throw error;
  }
}

const invalid = (why: string) =>
  new StrongroomError('E_RESULTS_INVALID', 'The results of the metrics container cannot be read.', { why });
