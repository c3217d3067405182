/** The public half of the key that signs invocation tokens: written by the API, read by the enclave. */
import type { Db } from './database.ts';

/** Raw Ed25519. */
export async function saveTokenIssuer(db: Db, publicKey: Uint8Array): Promise<void> {
  const row = { onlyOne: true, publicKey: Buffer.from(publicKey).toString('hex') };
  await db
    .insertInto('tokenIssuer')
    .values(row)
    .onConflict((conflict) => conflict.column('onlyOne').doUpdateSet({ publicKey: row.publicKey }))
    .execute();
}

export async function readTokenIssuer(db: Db): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom('tokenIssuer').select('publicKey').executeTakeFirst();
  return row && new Uint8Array(Buffer.from(row.publicKey, 'hex'));
}
