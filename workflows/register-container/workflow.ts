import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { HostingActivities } from '../../activities/hosting.ts';
import type { RegistrationActivities } from '../../activities/registrations.ts';
import type { SealingActivities } from '../../activities/sealing.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { Story } from '../story/story.ts';
import type { RegisterContainerInput, RegisterContainerResult } from './contract.ts';

const {
  checkSubmission,
  registerContainer: register,
  discardSubmission,
} = proxyActivities<RegistrationActivities>(QUICK);
const { sealImage } = proxyActivities<SealingActivities>(LONG);
const { hostArchive, tryKeyOnHostedArchive } = proxyActivities<HostingActivities>(LONG);

/** Export → encrypt → host → try the key on what is hosted → register. The key stays in the owner's key folder. */
export async function registerContainer(input: RegisterContainerInput): Promise<RegisterContainerResult> {
  const { account, name } = input;
  const story = new Story({ container: `${account}/${name}` });
  let registered = false;
  try {
    await story.step('Check', checkSubmission, [input]);
    const sealed = await story.step('Export and encrypt', sealImage, [input], (archive) => formatBytes(archive.size));
    const hosted = await story.step('Host', hostArchive, [sealed], (archive) => archive.sha256);
    const expectation = { ...sealed, ...hosted };
    await story.step('Try the key on the hosted archive', tryKeyOnHostedArchive, [{ name, ...expectation }]);
    await story.step('Register', register, [{ submission: input, archive: hosted, expectation }]);
    registered = true;
    return { owner: account, name, archive: hosted, imageDigest: sealed.imageDigest, keyFile: sealed.keyFile };
  } finally {
    await CancellationScope.nonCancellable(() =>
      discardSubmission.executeWithOptions({ summary: 'Clean up' }, [{ name, registered }]),
    );
  }
}
