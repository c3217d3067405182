/** Associations, as their requester sees them: asked beforehand, requested, and looked up again. */
import path from 'node:path';
import type { AssociationState } from '../domain/association.ts';
import { parseContainerConfig } from '../domain/container-config-parser.ts';
import { parseAssociationId, type AssociationId } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import { associationWorkId, type AssociationSubject } from './association-subject.ts';
import { clearEngine, requireEngineFor } from './engine.ts';
import { signedIn, type Party } from './party.ts';

export interface AssociationNews {
  readonly association: AssociationId;
  readonly state: AssociationState;
  readonly reason: string | null;
}

export interface AssociationActivities {
  checkAssociable(subject: AssociationSubject): Promise<void>;
  requestAssociation(request: AssociationSubject & { readonly testResult: Metrics }): Promise<AssociationNews>;
  readAssociation(association: AssociationId): Promise<AssociationNews>;
  discardAssociationWork(subject: AssociationSubject): Promise<void>;
}

export function createAssociationActivities(party: Party): AssociationActivities {
  return {
    async checkAssociable({ account, name, benchmark }) {
      const { platform } = await signedIn(party);
      await platform.checkAssociation({ body: { kind: 'container', name, benchmark } });
      const container = await platform.readContainer({ path: { owner: account, name } });
      const { metrics } = await platform.readBenchmark({ path: { name: benchmark } });
      await requireEngineFor([
        parseContainerConfig(container.config, `the config of ${name}`),
        parseContainerConfig(metrics.config, `the metrics container of ${benchmark}`),
      ]);
    },

    async requestAssociation({ name, benchmark, testResult }) {
      const { platform } = await signedIn(party);
      const { testDataset } = await platform.readBenchmark({ path: { name: benchmark } });
      const body = { kind: 'container' as const, name, benchmark, testResult, testDatasetSha256: testDataset.sha256 };
      const { id, state, reason } = await platform.requestAssociation({ body });
      return { association: parseAssociationId(id), state, reason };
    },

    async readAssociation(association) {
      const { platform } = await signedIn(party);
      const { state, reason } = await platform.readAssociation({ path: { id: association } });
      return { association, state, reason };
    },

    async discardAssociationWork(subject) {
      const id = associationWorkId(subject);
      await clearEngine({ runId: path.basename(await party.home.workFolder(id)) });
      await party.home.removeWork(id);
    },
  };
}
