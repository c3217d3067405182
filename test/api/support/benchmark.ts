/** A benchmark with its committee and what was submitted to it, decided without waiting for votes. */
import { createHash } from 'node:crypto';
import { parseBenchmarkName, parseSha256, type AssociationId } from '../../../domain/ids.ts';
import { requestAssociation } from '../../../storage/association-requests.ts';
import { insertBlob } from '../../../storage/blobs.ts';
import { decideAssociation } from '../../../storage/decisions.ts';
import type { Person } from './people.ts';
import type { TestPlatform } from './platform.ts';

export const digestOf = (text: string) => parseSha256(createHash('sha256').update(text).digest('hex'));
export const IMAGE_DIGEST = `sha256:${'a'.repeat(64)}`;
export const TEST_DATASET = { sha256: digestOf('test dataset'), size: 12 };
export const METRICS_ARCHIVE = { sha256: digestOf('metrics'), size: 7 };

export const newBenchmark = (name: string, members: readonly Person[], changes: object = {}) => ({
  name,
  description: 'Digits, eight by eight.',
  testDataset: TEST_DATASET,
  metrics: { config: 'container_type: DockerArchive', archive: METRICS_ARCHIVE, imageDigest: IMAGE_DIGEST },
  members: members.map((member) => member.account.handle),
  quorum: 2,
  approvalDays: 30,
  ...changes,
});

export const newContainer = (name: string) => ({
  name,
  config: 'container_type: EncryptedDockerArchive',
  archive: { url: 'https://files.example.org/model.tar.gpg', sha256: digestOf(name), size: 1000 },
  imageDigest: IMAGE_DIGEST,
  plaintextSize: 2000,
});

export const newDataset = (name: string) => ({ name, sha256: digestOf(name), size: 4096, files: 3 });

export async function createBenchmark(
  platform: TestPlatform,
  name: string,
  committee: readonly Person[],
  changes: object = {},
): Promise<void> {
  const [creator] = committee;
  await insertBlob(platform.db, TEST_DATASET, creator!.account.id);
  await insertBlob(platform.db, METRICS_ARCHIVE, creator!.account.id);
  const answer = await creator!.ask('POST', '/v1/benchmarks', newBenchmark(name, committee, changes));
  if (answer.statusCode !== 201) throw new Error(answer.body);
}

/** Registers a container or dataset and has it approved. */
export async function approved(
  platform: TestPlatform,
  owner: Person,
  kind: 'container' | 'dataset',
  name: string,
  benchmark: string,
): Promise<AssociationId> {
  await owner.ask('POST', `/v1/${kind}s`, kind === 'container' ? newContainer(name) : newDataset(name));
  const evidence = { testResult: { accuracy: 0.98 }, testDatasetSha256: TEST_DATASET.sha256 };
  const subject = { kind, name, benchmark: parseBenchmarkName(benchmark) };
  // Not through the API, which would wait for a Temporal that most of these tests do without.
  const { id } = await requestAssociation(platform.db, owner.account, subject, kind === 'container' ? evidence : null);
  await platform.db.transaction().execute((trx) => decideAssociation(trx, id, 'approved', '2 of 3 approve, 2 needed'));
  return id;
}
