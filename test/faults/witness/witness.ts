/** The witness: looks at everything after the system was broken and came back, and says which invariants do not hold. */
import type { Client } from '@temporalio/client';
import type Docker from 'dockerode';
import path from 'node:path';
import type { Db } from '../../../storage/database.ts';
import { historiesOf } from '../../stories/demo-places.ts';
import { missingOf, type Acknowledged } from './acknowledged.ts';
import { brokenAuditLog } from './audit-log.ts';
import { leftovers, type Belongings } from './leftovers.ts';
import { doubledGrants } from './one-grant-each.ts';
import { approvedWithoutQuorum } from './quorum.ts';
import { contentUnlikeRegistered } from './registered-content.ts';
import { readableAfterRevocation, type FormerReader } from './revoked-keys.ts';
import { secretsAtLarge } from './secrets.ts';
import { brokenProcesses, logsBelow, stuckWorkflows } from './work-goes-on.ts';

export interface Scene {
  /** The platform's data folder and the homes of the parties lie in it. */
  readonly folder: string;
  readonly platformFolder: string;
  readonly homes: readonly string[];
  readonly db: Db;
  readonly temporal: Client;
  /** The state file of an agent that uses that Temporal. */
  readonly agentState: string;
  readonly docker: Docker;
  readonly acknowledged: readonly Acknowledged[];
  readonly formerReaders: readonly FormerReader[];
  readonly imagesRun: ReadonlySet<string>;
  readonly leaders: readonly number[];
  readonly before: Belongings;
}

/** One sentence for each violation, with the invariant's number before it; none where all hold. */
export async function testify(scene: Scene): Promise<string[]> {
  const { db, docker, acknowledged, formerReaders } = scene;
  return named([
    ['I1', missingOf(db, acknowledged)],
    ['I2', doubledGrants(db)],
    ['I3', readableAfterRevocation(db, acknowledged, formerReaders)],
    ['I4', approvedWithoutQuorum(db)],
    ['I6', contentUnlikeRegistered(db, path.join(scene.platformFolder, 'blobs'), scene.imagesRun)],
    ['I7', leftovers({ docker, homes: scene.homes, leaders: scene.leaders }, scene.before)],
    ['I7', stuckWorkflows(scene.temporal)],
    ['I7', logsBelow(scene.folder).then(brokenProcesses)],
    ['I8', brokenAuditLog(db)],
  ]);
}

/** The same for secrets alone: every byte of the scene is looked at, which takes a while. */
export async function testifyOfSecrets({ folder, platformFolder, docker, agentState }: Scene): Promise<string[]> {
  return named([['I5', secretsAtLarge(folder, platformFolder, docker, historiesOf(agentState))]]);
}

type Finding = readonly [invariant: string, found: Promise<string[]>];

async function named(findings: readonly Finding[]): Promise<string[]> {
  const said = findings.map(async ([invariant, found]) => (await found).map((what) => `${invariant}: ${what}`));
  return (await Promise.all(said)).flat();
}
