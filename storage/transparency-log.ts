/** The transparency log in the database: append-only, a Merkle tree of RFC 6962. */
import { sql } from 'kysely';
import { encodeLogEntry, type LogEntry } from '../crypto/transparency/log-entry.ts';
import { MERKLE_SHA256, type TreeHead } from '../crypto/transparency/merkle.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Handle, Sha256 } from '../domain/ids.ts';
import { MerkleTree } from '../domain/merkle-tree.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

const LOCK = 7_346_002;

const treeIn = (db: Db | Trx): MerkleTree =>
  new MerkleTree(MERKLE_SHA256, async ({ level, index }) => {
    const node = await db
      .selectFrom('logNodes')
      .select('hash')
      .where('level', '=', level)
      .where('index', '=', index)
      .executeTakeFirst();
    if (node) return Uint8Array.from(node.hash);
    throw new StrongroomError('E_LOG_INVALID', 'The transparency log of this platform is damaged.', {
      why: `The hash over its entries ${index * 2 ** level} to ${(index + 1) * 2 ** level - 1} is missing.`,
      next: 'Tell the operator of the platform.',
    });
  });

/** Appends an entry in the transaction of what it is about; the same entry is there once. Appends take turns. */
export async function appendToLog(
  trx: Trx,
  entry: LogEntry,
  about: { readonly accountId: AccountId; readonly public: boolean },
): Promise<void> {
  const leaf = encodeLogEntry(entry);
  const leafHash = MERKLE_SHA256.leaf(leaf);
  if ((await findEntry(trx, leafHash)) !== null) return;
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(trx);
  if ((await findEntry(trx, leafHash)) !== null) return;
  const size = await logSize(trx);
  const nodes = await treeIn(trx).completedBy(leafHash, size);
  const row = { index: size, leaf: Buffer.from(leaf), leafHash: Buffer.from(leafHash), ...about };
  await trx.insertInto('logEntries').values(row).execute();
  await trx
    .insertInto('logNodes')
    .values(nodes.map(({ level, index, hash }) => ({ level, index, hash: Buffer.from(hash) })))
    .execute();
}

/** Appends a key that is given out for a user, unless it is there. */
export async function logUserKey(
  db: Db,
  { id, handle: user }: { readonly id: AccountId; readonly handle: Handle },
  key: { readonly keyId: Sha256; readonly generation: number },
): Promise<void> {
  await db
    .transaction()
    .execute((trx) => appendToLog(trx, { kind: 'user-key', user, ...key }, { accountId: id, public: true }));
}

/** Appends whatever was deployed before there was a log. */
export async function logEarlierFunctions(db: Db): Promise<void> {
  const functions = await db
    .selectFrom('functions')
    .innerJoin('accounts', 'accounts.id', 'functions.ownerId')
    .select(['handle', 'functions.name', 'checksum', 'ownerId'])
    .orderBy('deployedAt')
    .execute();
  await db.transaction().execute(async (trx) => {
    for (const { handle: owner, name, checksum, ownerId: accountId } of functions) {
      await appendToLog(trx, { kind: 'function', owner, name, checksum }, { accountId, public: false });
    }
  });
}

async function findEntry(db: Db | Trx, leafHash: Uint8Array): Promise<number | null> {
  const found = await db
    .selectFrom('logEntries')
    .select('index')
    .where('leafHash', '=', Buffer.from(leafHash))
    .executeTakeFirst();
  return found?.index ?? null;
}

async function logSize(db: Db | Trx): Promise<number> {
  const last = await db.selectFrom('logEntries').select('index').orderBy('index', 'desc').limit(1).executeTakeFirst();
  return last ? last.index + 1 : 0;
}

/** What the log is now. Fails with `E_LOG_INVALID` where it is damaged. */
export async function readLogHead(db: Db): Promise<TreeHead> {
  const size = await logSize(db);
  return { size, root: await treeIn(db).root(size) };
}

export interface LogProofs {
  readonly head: TreeHead;
  /** Of the entry that was asked for. */
  readonly index: number;
  readonly inclusion: readonly Uint8Array[];
}

/** Shows that an entry is in the log as it is now; `null` where it is not. */
export async function proveInclusion(db: Db, leafHash: Uint8Array): Promise<LogProofs | null> {
  const head = await readLogHead(db);
  const index = await findEntry(db, leafHash);
  if (index === null || index >= head.size) return null;
  return { head, index, inclusion: await treeIn(db).inclusionProof(index, head.size) };
}

/** Shows that the log of `size` entries is the beginning of `head`. Fails with `E_INVALID_REQUEST` where it is shorter. */
export async function proveConsistency(db: Db, size: number, head: TreeHead): Promise<readonly Uint8Array[]> {
  if (size <= head.size) return treeIn(db).consistencyProof(size, head.size);
  throw new StrongroomError('E_INVALID_REQUEST', `The log has ${head.size} entries, not ${size}.`);
}

export interface ListedLogEntry {
  readonly index: number;
  readonly leafHash: Buffer;
  /** Null where it is about a function of somebody else. */
  readonly leaf: Buffer | null;
  readonly at: string;
}

/** Entries from number `from` on, in their order. */
export async function listLogEntries(
  db: Db,
  viewer: AccountId,
  from: number,
  limit: number,
): Promise<ListedLogEntry[]> {
  const rows = await db
    .selectFrom('logEntries')
    .selectAll()
    .where('index', '>=', from)
    .orderBy('index')
    .limit(limit)
    .execute();
  return rows.map(({ index, leafHash, leaf, at, accountId, public: isPublic }) => ({
    index,
    leafHash,
    leaf: isPublic || accountId === viewer ? leaf : null,
    at: at.toISOString(),
  }));
}
