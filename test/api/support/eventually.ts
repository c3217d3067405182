import { until } from '../../support/patience.ts';

/** Mails that no answer waits for come when they come. Fails as the last check did, where it never holds. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const holds = () =>
    check().then(
      () => true,
      () => false,
    );
  await until('it holds', holds).catch(() => check());
}
