import { StrongroomError } from '../../domain/errors.ts';
import { listLogEntries, proveConsistency, proveInclusion, readLogHead } from '../../storage/transparency-log.ts';
import type { TreeHead } from '../../crypto/transparency/merkle.ts';
import { parseSha256, type Sha256 } from '../../domain/ids.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/log.ts';
import { openLogSigner } from '../log-signer.ts';
import type { App, Services } from '../services.ts';

const PAGE = 1000;

const digits = (hash: Uint8Array): Sha256 => parseSha256(Buffer.from(hash).toString('hex'));

export function logRoutes(app: App, { db, settings }: Services): void {
  const signer = openLogSigner(settings.authenticationSecret);
  const checkpoint = async (head: TreeHead, since: string | undefined) => ({
    note: signer.sign(head),
    key: signer.key,
    consistency: since === undefined ? null : (await proveConsistency(db, Number(since), head)).map(digits),
  });

  app.route({
    ...contract.readLogCheckpoint,
    handler: async ({ query }) => checkpoint(await readLogHead(db), query.since),
  });

  app.route({
    ...contract.proveLogInclusion,
    handler: async ({ params, query }) => {
      const found = await proveInclusion(db, Buffer.from(params.leafHash, 'hex'));
      if (!found) throw new StrongroomError('E_NOT_FOUND', 'The transparency log has no such entry.');
      const { head, index, inclusion } = found;
      return { checkpoint: await checkpoint(head, query.since), index, inclusion: inclusion.map(digits) };
    },
  });

  app.route({
    ...contract.listLogEntries,
    handler: async (request) => {
      const { after = '0', limit = PAGE } = request.query;
      const entries = await listLogEntries(db, callerOf(request).id, Number(after), Number(limit));
      const items = entries.map(({ index, leafHash, leaf, at }) => ({
        index,
        leafHash: digits(leafHash),
        leaf: leaf?.toString('base64url') ?? null,
        at,
      }));
      const last = items.at(-1);
      return { items, next: last && items.length === Number(limit) ? String(last.index + 1) : null };
    },
  });
}
