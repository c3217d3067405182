/** Deployed functions: what they are called, by which checksum they are known, and where their ciphertext is. */
import { randomBytes } from 'node:crypto';
import { StrongroomError, type ErrorFields } from '../domain/errors.ts';
import type { FunctionLimits, FunctionState, InputType, OutputType } from '../domain/function.ts';
import { isFunctionId, type FunctionId, type FunctionName, type Handle, type Sha256 } from '../domain/ids.ts';
import { forgetUnusedBlob, requireBlob, type Blob } from './blobs.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { appendToLog } from './transparency-log.ts';
import { byLargest, byName, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface NewFunction {
  readonly name: FunctionName;
  readonly checksum: Sha256;
  /** The encrypted bundle. */
  readonly bundle: Blob;
  readonly public: boolean;
  readonly limits: FunctionLimits;
  readonly input: { readonly type: InputType; readonly maxBytes: number };
  readonly output: { readonly type: OutputType };
}

export interface DeployedFunction extends NewFunction {
  readonly id: FunctionId;
  readonly owner: Handle;
  readonly version: number;
  readonly state: FunctionState;
  /** Why it was refused. */
  readonly failure: ErrorFields | null;
  readonly deployedAt: string;
}

const select = (db: Db | Trx) =>
  db
    .selectFrom('functions')
    .innerJoin('accounts', 'accounts.id', 'functions.ownerId')
    .selectAll('functions')
    .select('accounts.handle as owner');

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

const toFunction = (row: Row): DeployedFunction => ({
  id: row.id,
  owner: row.owner,
  name: row.name,
  version: row.version,
  checksum: row.checksum,
  bundle: { sha256: row.bundleSha256, size: row.bundleSize },
  public: row.public,
  limits: { memoryMb: row.memoryMb, seconds: row.seconds, threads: row.threads },
  input: { type: row.inputType, maxBytes: row.maxInputBytes },
  output: { type: row.outputType },
  state: row.state,
  failure: row.failure,
  deployedAt: row.deployedAt.toISOString(),
});

/**
 * Records a deployment as the next version of its name. The same content again is the version that is there, public or
 * not as was said last; one that had been refused is tried again. Fails with `E_NOT_FOUND` where the bundle is missing.
 */
export async function insertFunction(db: Db, ownerId: AccountId, given: NewFunction): Promise<DeployedFunction> {
  return db.transaction().execute(async (trx) => {
    await requireBlob(trx, given.bundle, 'encrypted function');
    const { version } = await nextVersion(trx, ownerId, given.name);
    const known = await select(trx)
      .where('ownerId', '=', ownerId)
      .where('functions.name', '=', given.name)
      .where('checksum', '=', given.checksum)
      .executeTakeFirst();
    if (known) return renew(trx, known, given);
    const { handle: owner } = await trx
      .selectFrom('accounts')
      .select('handle')
      .where('id', '=', ownerId)
      .executeTakeFirstOrThrow();
    const { name, checksum } = given;
    await appendToLog(trx, { kind: 'function', owner, name, checksum }, { accountId: ownerId, public: false });
    const id = newFunctionId();
    await trx
      .insertInto('functions')
      .values({ id, ownerId, version, name: given.name, checksum: given.checksum, ...columnsOf(given) })
      .execute();
    await trx
      .insertInto('functionVersions')
      .values({ ownerId, name: given.name, latest: version })
      .onConflict((conflict) => conflict.columns(['ownerId', 'name']).doUpdateSet({ latest: version }))
      .execute();
    return read(trx, id);
  });
}

/** Takes turns with other deployments of the account. */
async function nextVersion(trx: Trx, ownerId: AccountId, name: FunctionName): Promise<{ version: number }> {
  await trx.selectFrom('accounts').select('id').where('id', '=', ownerId).forNoKeyUpdate().execute();
  const latest = await trx
    .selectFrom('functionVersions')
    .select('latest')
    .where('ownerId', '=', ownerId)
    .where('name', '=', name)
    .executeTakeFirst();
  return { version: (latest?.latest ?? 0) + 1 };
}

async function renew(trx: Trx, known: Row, given: NewFunction): Promise<DeployedFunction> {
  const again = known.state === 'ready' ? { public: given.public } : { ...columnsOf(given), ...TO_BE_TRIED };
  await trx.updateTable('functions').set(again).where('id', '=', known.id).execute();
  return read(trx, known.id);
}

const TO_BE_TRIED = { state: 'deploying', failure: null } as const;

const columnsOf = ({ bundle, limits, input, output, public: isPublic }: NewFunction) => ({
  bundleSha256: bundle.sha256,
  bundleSize: bundle.size,
  public: isPublic,
  ...limits,
  inputType: input.type,
  maxInputBytes: input.maxBytes,
  outputType: output.type,
});

async function read(db: Db | Trx, id: FunctionId): Promise<DeployedFunction> {
  return toFunction(await select(db).where('functions.id', '=', id).executeTakeFirstOrThrow());
}

/** For the enclave, which serves whatever the API lets through. */
export async function findFunction(db: Db, id: FunctionId): Promise<DeployedFunction | undefined> {
  const row = await select(db).where('functions.id', '=', id).executeTakeFirst();
  return row && toFunction(row);
}

/** A function that the viewer may see and call: its own, or one that is public and ready. */
const visible = (db: Db, viewer: AccountId) =>
  select(db).where((query) =>
    query.or([
      query('functions.ownerId', '=', viewer),
      query.and([query('functions.public', '=', true), query('functions.state', '=', 'ready')]),
    ]),
  );

export async function findVisibleFunction(
  db: Db,
  id: FunctionId,
  viewer: AccountId,
): Promise<DeployedFunction | undefined> {
  const row = await visible(db, viewer).where('functions.id', '=', id).executeTakeFirst();
  return row && toFunction(row);
}

/** The newest version that is ready, or the one that is asked for. */
export async function findVisibleFunctionByName(
  db: Db,
  ref: { readonly owner: Handle; readonly name: FunctionName; readonly version: number | null },
  viewer: AccountId,
): Promise<DeployedFunction | undefined> {
  const named = visible(db, viewer).where('accounts.handle', '=', ref.owner).where('functions.name', '=', ref.name);
  const wanted =
    ref.version === null
      ? named.where('functions.state', '=', 'ready').orderBy('version', 'desc')
      : named.where('version', '=', ref.version);
  const row = await wanted.executeTakeFirst();
  return row && toFunction(row);
}

/** Every version, by name, the newest first. */
export async function listFunctions(
  db: Db,
  owner: AccountId,
  { name, state }: Partial<Pick<DeployedFunction, 'name' | 'state'>>,
  page: PageRequest,
): Promise<Page<DeployedFunction>> {
  const own = select(db)
    .where('ownerId', '=', owner)
    .$if(name !== undefined, (some) => some.where('functions.name', '=', name ?? null))
    .$if(state !== undefined, (some) => some.where('functions.state', '=', state ?? null));
  return mapPage(await readPage(own, [byName('functions.name'), byLargest('functions.version')], page), toFunction);
}

/** Whether a runner took the function. What was deleted meanwhile stays so. */
export async function concludeDeployment(db: Db, id: FunctionId, failure: ErrorFields | null): Promise<void> {
  const state = failure ? 'failed' : 'ready';
  await db
    .updateTable('functions')
    .set({ state, failure: failure && JSON.stringify(failure) })
    .where('id', '=', id)
    .execute();
}

/** Deletes a version; answers its ciphertext where nothing else rests on it. Fails with `E_NOT_FOUND` unless it is the account's. */
export async function deleteFunction(db: Db, owner: AccountId, id: FunctionId): Promise<Blob | null> {
  return db.transaction().execute(async (trx) => {
    const gone = await trx
      .deleteFrom('functions')
      .where('id', '=', id)
      .where('ownerId', '=', owner)
      .returning(['bundleSha256 as sha256', 'bundleSize as size'])
      .executeTakeFirst();
    if (!gone) throw noSuchFunction(id);
    return (await forgetUnusedBlob(trx, owner, gone.sha256)) ? gone : null;
  });
}

export const noSuchFunction = (named: string) =>
  new StrongroomError('E_NOT_FOUND', `There is no function ${named} that you can see.`, {
    next: 'See yours: strongroom function list',
  });

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 22 letters and digits: 130 bits, less what makes them even. */
function newFunctionId(): FunctionId {
  for (;;) {
    const id = [...randomBytes(44)]
      .filter((byte) => byte < 4 * ALPHABET.length)
      .map((byte) => ALPHABET[byte % ALPHABET.length])
      .join('')
      .slice(0, 22);
    if (isFunctionId(id)) return id;
  }
}
