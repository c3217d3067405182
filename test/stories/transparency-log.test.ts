/** The transparency log against an operator who changes the database: whoever kept a checkpoint, or asks, finds out. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import path from 'node:path';
import type pg from 'pg';
import { encodeLogEntry } from '../../crypto/transparency/log-entry.ts';
import { MERKLE_SHA256 } from '../../crypto/transparency/merkle.ts';
import { MerkleTree } from '../../domain/merkle-tree.ts';
import { openPartyHome } from '../../client/party-home.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { Cast, type Caller } from './cast.ts';
import { answerTo, command, refusalOf } from './commands.ts';
import { openPlatformDatabase } from './demo-places.ts';
import { deployFolder, library, writeFunction } from './running-functions.ts';

let cast: Cast;
let alice: Caller;
let dora: Caller;
let database: pg.Client;
const LOG = ['log_entries', 'log_nodes'];

beforeAll(async () => {
  cast = await Cast.assemble();
  [alice, dora] = [await cast.enrol('alice'), await cast.enrol('dora')];
  database = await openPlatformDatabase(path.join(cast.folder, 'platform'));
  for (const name of ['one', 'two', 'three']) await deploy(name);
  for (const table of LOG) await database.query(`CREATE TABLE kept_${table} AS TABLE ${table}`);
}, 240_000);
afterAll(async () => {
  await database.end();
  await cast.dismiss();
}, 60_000);

/** Whoever operates the platform can write past every trigger. */
async function asOperator(...statements: readonly string[]): Promise<void> {
  await database.query(['SET session_replication_role = replica', ...statements].join(';'));
}

beforeEach(async () => {
  for (const table of LOG) {
    await asOperator(`TRUNCATE ${table}`, `INSERT INTO ${table} SELECT * FROM kept_${table}`);
  }
});

async function deploy(name: string): Promise<void> {
  const folder = await writeFunction(path.join(cast.folder, name), name, `return '${name}' + text;`);
  await deployFolder(alice, folder, true);
}

/** The same account, elsewhere, with nothing believed yet. */
async function afresh(name: string, person = alice): Promise<Caller> {
  const home = await openPartyHome(path.join(cast.folder, name));
  await home.saveSession(person.session);
  return { ...person, home };
}

test('holds every deployed function and every key that was given out, and shows people those about them', async () => {
  const verified = await answerTo<{ entries: number; functions: number }>(alice, ['log', 'verify']);
  expect(verified).toMatchObject({ entries: 4, functions: 3 });
  const shown = await command(alice, ['log', 'show']);
  for (const what of ['one', 'two', 'three', 'your key']) expect(shown.stdout).toContain(what);
  expect((await command(dora, ['log', 'show'])).stdout).toContain('No entries about you.');
});

test('does not show others which functions somebody has, and lets them verify all the same', async () => {
  const { items } = await dora.platform.listLogEntries();
  expect(items.map(({ leaf }) => leaf !== null)).toEqual([true, false, false, false]);
  expect(await answerTo(dora, ['log', 'verify'])).toMatchObject({ verified: true, entries: 4 });
});

test('refuses changes, unless somebody works around the database’s own rules', async () => {
  await database.query('SET session_replication_role = origin');
  await expect(database.query('DELETE FROM log_entries WHERE index = 0')).rejects.toThrow('never changed');
  await expect(database.query(`UPDATE log_nodes SET hash = hash WHERE level = 0`)).rejects.toThrow('never changed');
});

test('an entry that was changed is found, also by who sees only its hash', async () => {
  for (const person of [alice, dora]) await answerTo(person, ['log', 'verify']);
  await asOperator(`UPDATE log_entries SET leaf = leaf || 'x'::bytea WHERE index = 2`);
  expect(await refusalOf(alice, ['log', 'verify'])).toMatchObject({ code: 'E_LOG_INVALID', exit: 3 });
  await asOperator(`UPDATE log_entries SET leaf_hash = sha256('\\x00'::bytea || leaf) WHERE index = 2`);
  expect(await refusalOf(dora, ['log', 'verify'])).toMatchObject({ code: 'E_LOG_INVALID', exit: 3 });
});

test('an entry that was removed is found, also where it was the last one', async () => {
  const fresh = await afresh('removed');
  await answerTo(fresh, ['log', 'verify']);
  await asOperator('DELETE FROM log_entries WHERE index = 1');
  expect(await refusalOf(fresh, ['log', 'verify'])).toMatchObject({ code: 'E_LOG_INVALID' });
  await asOperator('DELETE FROM log_entries WHERE index >= 1', 'DELETE FROM log_nodes WHERE level > 0 OR index > 0');
  const shorter = await refusalOf(fresh, ['log', 'verify']);
  expect(shorter).toMatchObject({ code: 'E_LOG_INVALID', next: expect.stringContaining('as evidence') });
});

test('a log that was written anew from the beginning contradicts what callers kept, and both are kept as evidence', async () => {
  const fresh = await afresh('rewritten');
  await answerTo(fresh, ['log', 'verify']);
  await rewriteWholeLog();
  // Whoever comes now sees a log that holds.
  expect(await answerTo(await afresh('newcomer', dora), ['log', 'verify'])).toMatchObject({ verified: true });
  expect(await refusalOf(fresh, ['log', 'verify'])).toMatchObject({ code: 'E_LOG_INVALID' });
  await expect(library(fresh).run('one', Buffer.from('x'))).rejects.toMatchObject({ code: 'E_LOG_INVALID' });
  const shown = await command(fresh, ['log', 'show']);
  expect(shown.stdout).toMatch(/Kept:\nstrongroom\/log\n4\n[^]*CONTRADICTED BY:\nstrongroom\/log\n4\n/);
  // To believe it anew takes a decision; what is missing in it is missed all the same.
  const accepted = await refusalOf(fresh, ['log', 'verify', '--accept']);
  expect(accepted).toMatchObject({ code: 'E_LOG_INVALID', message: expect.stringContaining('not in its') });
});

test('a function that is shown without being in the log is sent nothing', async () => {
  await database.query(`CREATE TEMP TABLE shown AS SELECT * FROM functions WHERE name = 'one'`);
  const other = parseSha256('e'.repeat(64));
  await database.query(`UPDATE shown SET id = 'Zk5jdxKHGYmV8IKhzcZSA0', name = 'secret', checksum = '${other}'`);
  await database.query('INSERT INTO functions SELECT * FROM shown');
  const caller = await afresh('caller', dora);
  const called = library(caller).connect('alice/secret');
  await expect(called).rejects.toMatchObject({ code: 'E_LOG_INVALID', next: expect.stringContaining('Send nothing') });
  await database.query(`DELETE FROM functions WHERE name = 'secret'`);
  const { bytes } = await library(caller).run('alice/one', Buffer.from('!'));
  expect(bytes.toString()).toBe('one!');
});

test('grows on from what callers kept, with each deployment', async () => {
  const fresh = await afresh('growing');
  await answerTo(fresh, ['log', 'verify']);
  await deploy('four');
  expect(await answerTo(fresh, ['log', 'verify'])).toMatchObject({ entries: 5, kept: 4, functions: 4 });
});

/** As an operator would do it who wants nobody new to notice: other entries, and all hashes over them. */
async function rewriteWholeLog(): Promise<void> {
  const nodes = new Map<string, Uint8Array>();
  const tree = new MerkleTree(MERKLE_SHA256, ({ level, index }) =>
    Promise.resolve(nodes.get(`${level}/${index}`) ?? new Uint8Array()),
  );
  await asOperator('TRUNCATE log_nodes');
  for (let index = 0; index < 4; index += 1) {
    const entry = {
      kind: 'function',
      owner: alice.handle,
      name: `x${index}`,
      checksum: parseSha256('f'.repeat(64)),
    } as const;
    const leaf = encodeLogEntry(entry);
    const hash = MERKLE_SHA256.leaf(leaf);
    for (const node of await tree.completedBy(hash, index)) {
      nodes.set(`${node.level}/${node.index}`, node.hash);
      await database.query('INSERT INTO log_nodes VALUES ($1, $2, $3)', [
        node.level,
        node.index,
        Buffer.from(node.hash),
      ]);
    }
    await database.query('UPDATE log_entries SET leaf = $1, leaf_hash = $2 WHERE index = $3', [
      Buffer.from(leaf),
      Buffer.from(hash),
      index,
    ]);
  }
}
