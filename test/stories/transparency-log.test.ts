/** The transparency log against an operator who changes the database: whoever kept a checkpoint, or asks, finds out. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type pg from 'pg';
import { TrustStore } from '../../client/functions/trust.ts';
import { cosign, formatWitnessKey, openCosignature, parseWitnessKey } from '../../crypto/transparency/cosignature.ts';
import { encodeLogEntry } from '../../crypto/transparency/log-entry.ts';
import { MERKLE_SHA256 } from '../../crypto/transparency/merkle.ts';
import { MerkleTree } from '../../domain/merkle-tree.ts';
import { openPartyHome } from '../../client/party-home.ts';
import { Strongroom } from '../../client/strongroom.ts';
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
});
afterAll(async () => {
  await database.end();
  await cast.dismiss();
});

/** Whoever operates the platform can write past every trigger. */
async function asOperator(...statements: readonly string[]): Promise<void> {
  await database.query(['SET session_replication_role = replica', ...statements].join(';'));
}

beforeEach(async () => {
  for (const table of LOG) {
    await asOperator(`TRUNCATE ${table}`, `INSERT INTO ${table} SELECT * FROM kept_${table}`);
  }
});

async function deploy(name: string, person = alice): Promise<void> {
  const folder = await writeFunction(path.join(cast.folder, name), name, `return '${name}' + text;`);
  await deployFolder(person, folder, true);
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

describe('an independent witness', () => {
  let witness: Caller;
  let published: string;
  let key: string;
  const look = () =>
    answerTo<{ witness: string; entries: number }>(witness, ['log', 'witness', '--once', '--out', published]);
  /** Somebody with nothing believed yet who requires the witness. */
  const requiring = async (name: string, place = published) => {
    const caller = await afresh(name, dora);
    const store = new TrustStore(caller.home.enclaveTrustFile(caller.session));
    await store.holdWitness({ key, place });
    return caller;
  };
  beforeAll(async () => {
    witness = await cast.enrol('wanda');
    published = path.join(cast.folder, 'checkpoint');
  });
  beforeEach(async () => {
    await rm(witness.home.witnessFolder(witness.session), { recursive: true, force: true });
    key = (await look()).witness;
  });

  test('cosigns what leads on, which others require by its key; what it publishes is hashes only', async () => {
    expect(await look()).toMatchObject({ witness: key, entries: 4 });
    const note = await readFile(published, 'utf8');
    expect(note.split('\n').slice(0, 2)).toEqual(['strongroom/log', '4']);
    expect(openCosignature(note, parseWitnessKey(key)).getTime()).toBeLessThanOrEqual(Date.now());
    for (const secret of [witness.session.token, 'alice', 'PRIVATE']) expect(note).not.toContain(secret);
    const caller = await afresh('relying', dora);
    const required = ['log', 'verify', '--witness', key, '--cosigned', published];
    expect(await answerTo(caller, required)).toMatchObject({
      witnesses: [{ size: 4, name: expect.stringMatching(/wanda$/) }],
    });
    expect((await library(caller).run('alice/one', Buffer.from('!'))).bytes.toString()).toBe('one!');
    // It stays required, until it is forgotten.
    await rename(published, `${published}.away`);
    expect(await refusalOf(caller, ['log', 'verify'])).toMatchObject({ code: 'E_NOT_WITNESSED', exit: 3 });
    expect(await answerTo(caller, ['log', 'verify', '--forget-witness', key])).toMatchObject({ witnesses: [] });
    await rename(`${published}.away`, published);
  });

  test('is read from where it publishes, by its own key only, and not after a day without a look', async () => {
    const server = createServer((_asked, reply) => createReadStream(published).pipe(reply)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/checkpoint`;
    expect(await answerTo(await requiring('by-url', url), ['log', 'verify'])).toMatchObject({
      witnesses: [{ size: 4 }],
    });
    server.close();
    const { verifier, privateKey } = anybody();
    const note = await readFile(published, 'utf8');
    const forged = path.join(cast.folder, 'forged');
    await writeFile(
      forged,
      cosign(note.split('\n').slice(0, 5).join('\n').concat('\n'), verifier, privateKey, new Date()),
    );
    expect(await refusalOf(await requiring('believing', forged), ['log', 'verify'])).toMatchObject({
      code: 'E_LOG_INVALID',
    });
    const old = path.join(cast.folder, 'old');
    await writeFile(old, cosign(note, verifier, privateKey, new Date(Date.now() - 25 * 3_600_000)));
    const caller = await afresh('late', dora);
    const demand = ['log', 'verify', '--witness', formatWitnessKey(verifier), '--cosigned', old];
    expect(await refusalOf(caller, demand)).toMatchObject({
      code: 'E_NOT_WITNESSED',
      why: expect.stringContaining('24 hours'),
    });
  });

  test('finds out a platform that shows it one history and somebody else another, and so does who requires it', async () => {
    await look();
    const before = await readFile(published, 'utf8');
    await rewriteWholeLog();
    // Whoever asks nobody else believes the other history.
    expect(await answerTo(await afresh('alone', dora), ['log', 'verify'])).toMatchObject({ verified: true });
    const caller = await requiring('deceived');
    const found = await refusalOf(caller, ['log', 'verify']);
    expect(found).toMatchObject({ code: 'E_LOG_INVALID', exit: 3, message: expect.stringContaining('another log') });
    const { apiUrl, token } = dora.session;
    const program = new Strongroom({ apiUrl, token, witnesses: [{ key, place: published }] });
    await expect(program.connect('alice/one')).rejects.toMatchObject({ code: 'E_LOG_INVALID' });
    expect((await command(caller, ['log', 'show'])).stdout).toContain('CONTRADICTED BY:');
    // The witness sees it as soon as it is shown it, says so, and never cosigns again.
    expect(await refusalOf(witness, ['log', 'witness', '--once', '--out', published])).toMatchObject({ exit: 3 });
    const running = await refusalOf(witness, ['log', 'witness', '--every', '1s', '--out', published]);
    expect(running).toMatchObject({ code: 'E_LOG_INVALID', message: expect.stringContaining('nothing more') });
    expect(await readFile(published, 'utf8')).toBe(before);
  });

  test('keeps what it has not seen from being believed for the first time', async () => {
    await deploy('five', await afresh('deploying'));
    const caller = await requiring('early');
    await expect(library(caller).connect('alice/five')).rejects.toMatchObject({ code: 'E_NOT_WITNESSED' });
    const ran = await command(witness, ['log', 'witness', '--every', '1s', '--out', published], {
      meanwhile: (child) => {
        child.stderr?.on('data', (text: string) => {
          if (text.includes('5 entries, cosigned')) child.kill('SIGINT');
        });
      },
    });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('The log has 5 entries') });
    expect((await library(caller).run('alice/five', Buffer.from('!'))).bytes.toString()).toBe('five!');
  });
});

function anybody() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return { verifier: { name: 'anybody', publicKey: raw }, privateKey };
}

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
