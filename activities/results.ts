/** Results go to the platform only after their data owner agreed. */
import type { Metrics } from '../domain/metrics.ts';
import { signedIn, type Party } from './party.ts';
import type { Run } from './runs.ts';

export interface ResultActivities {
  submitResult(result: Run & { readonly metrics: Metrics }): Promise<{ readonly id: string }>;
}

export function createResultActivities(party: Party): ResultActivities {
  return {
    async submitResult({ container, benchmark, dataset, metrics }) {
      const { platform } = await signedIn(party);
      const { id } = await platform.submitResult({
        body: { container: { ...container }, benchmark, dataset, metrics },
      });
      return { id };
    },
  };
}
