import { setTimeout as sleep } from 'node:timers/promises';

/** Mails that no answer waits for come when they come. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 200; tries > 0; tries -= 1) {
    const failed = await check().then(
      () => false,
      () => true,
    );
    if (!failed) return;
    await sleep(50);
  }
  await check();
}
