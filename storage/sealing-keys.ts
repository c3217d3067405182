/** The how-manieth key inputs for an account are sealed to. The keys themselves are nowhere but in the key broker. */
import { StrongroomError } from '../domain/errors.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

/** 1 for the first. */
export async function sealingKeyGeneration(db: Db | Trx, accountId: AccountId): Promise<number> {
  const row = await db
    .selectFrom('sealingKeys')
    .select('generation')
    .where('accountId', '=', accountId)
    .executeTakeFirst();
  return row?.generation ?? 1;
}

/** Moves the account on to the key after its present one; the same again is done already. Fails with `E_CONFLICT`. */
export async function rotateSealingKey(db: Db, account: Account, generation: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom('accounts').select('id').where('id', '=', account.id).forNoKeyUpdate().execute();
    const present = await sealingKeyGeneration(trx, account.id);
    if (generation === present) return;
    if (generation !== present + 1) throw notNext(present);
    await trx
      .insertInto('sealingKeys')
      .values({ accountId: account.id, generation })
      .onConflict((conflict) => conflict.column('accountId').doUpdateSet({ generation }))
      .execute();
    await recordAudit(trx, {
      action: 'sealing-key.rotated',
      subject: `sealing-key/${account.handle}`,
      before: { generation: present },
      after: { generation },
    });
  });
}

const notNext = (present: number) =>
  new StrongroomError('E_CONFLICT', `Your sealing key is number ${present}.`, {
    why: 'It moves on one by one.',
    next: 'Run: strongroom sealing-key show',
  });
