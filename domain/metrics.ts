/** The result of a metrics container: a small JSON object that people can read, for instance `{ "accuracy": 0.98 }`. */
import { StrongroomError } from './errors.ts';

export type MetricsValue = string | number | boolean | null | readonly MetricsValue[] | Metrics;
export interface Metrics {
  readonly [name: string]: MetricsValue;
}

/** Results go to the platform and into histories: whatever is larger than this is not a score. */
export const METRICS_MAX_BYTES = 64 * 1024;

/** Takes the parsed content of a results file. Fails with `E_RESULTS_INVALID` where it is not a small, non-empty object. */
export function parseMetrics(value: unknown): Metrics {
  const problem = (why: string) =>
    new StrongroomError('E_RESULTS_INVALID', 'The metrics container wrote results that cannot be used.', {
      why,
      next: 'Let it write one YAML or JSON object with at least one score.',
    });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw problem('They are not an object.');
  const text = JSON.stringify(value);
  if (text === '{}') throw problem('They are empty.');
  if (text.length > METRICS_MAX_BYTES) throw problem(`They take more than ${METRICS_MAX_BYTES} bytes.`);
  return JSON.parse(text) as Metrics;
}
