import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { HostingActivities } from '../../activities/hosting.ts';
import type { KeyRotationActivities } from '../../activities/key-rotation.ts';
import type { ResealingActivities } from '../../activities/resealing.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { Story } from '../story/story.ts';
import type { RotateKeyInput, RotateKeyResult } from './contract.ts';

const { checkRotation, discardRotation } = proxyActivities<KeyRotationActivities>(QUICK);
const { fetchOwnArchive, resealArchive, tryNextKey } = proxyActivities<ResealingActivities>(LONG);
const { hostArchive } = proxyActivities<HostingActivities>(LONG);
const { replaceArchive } = proxyActivities<KeyRotationActivities>(LONG);

/** Fetch → encrypt under a new key → host → try the new key → wrap for all and replace, in one request to the platform. */
export async function rotateKey(input: RotateKeyInput): Promise<RotateKeyResult> {
  const { account, name } = input;
  const story = new Story({ container: `${account}/${name}` });
  let attempted = false;
  try {
    const registered = await story.step('Check', checkRotation, [input], (found) => found.sha256);
    await story.step('Fetch the archive', fetchOwnArchive, [registered], () => formatBytes(registered.size));
    const sealed = await story.step('Encrypt under a new key', resealArchive, [registered]);
    const hosted = await story.step('Host', hostArchive, [sealed], (archive) => archive.sha256);
    await story.step('Try the new key on the hosted archive', tryNextKey, [{ name, ...sealed, ...hosted }]);
    attempted = true;
    const replacement = { account, name, from: registered.sha256, archive: hosted };
    const replaced = await story.step(
      'Wrap for all who have access, and replace',
      replaceArchive,
      [replacement],
      ({ rewrapped }) => `${rewrapped} wrapped`,
    );
    return { from: registered.sha256, archive: hosted, keyFile: sealed.keyFile, ...replaced };
  } finally {
    await CancellationScope.nonCancellable(() =>
      discardRotation.executeWithOptions({ summary: 'Clean up' }, [{ name, attempted }]),
    );
  }
}
