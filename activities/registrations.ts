/** Registration of a container: asked beforehand whether it can succeed, and settled together with its key. */
import { rename, rm, stat } from 'node:fs/promises';
import type { ArchiveExpectation, HostedArchive } from '../domain/archive.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ContainerName } from '../domain/ids.ts';
import { requireEngine } from './engine.ts';
import { signedIn, type Party } from './party.ts';
import type { Submission } from './sealing.ts';
import { pendingKeyFile, submissionWorkId } from './submission-files.ts';
import { taskOf } from './tasks.ts';
import { everyItem } from '../client/pages.ts';

export interface Registration {
  readonly submission: { readonly name: ContainerName; readonly configText: string };
  readonly archive: HostedArchive;
  readonly expectation: ArchiveExpectation;
}

export interface RegistrationActivities {
  checkSubmission(submission: Submission): Promise<void>;
  registerContainer(registration: Registration): Promise<void>;
  discardSubmission(submission: { readonly name: ContainerName; readonly registered: boolean }): Promise<void>;
}

export function createRegistrationActivities(party: Party): RegistrationActivities {
  return {
    /** Finds out early what would make the submission fail late: before anything is exported or encrypted. */
    async checkSubmission({ name, config }) {
      taskOf(config, 'infer');
      const { session, platform } = await signedIn(party);
      const items = await everyItem((page) => platform.listContainers({ query: page }));
      if (items.some((container) => container.name === name)) {
        throw new StrongroomError('E_ALREADY_EXISTS', `You have registered a container "${name}" already.`, {
          why: 'What was registered stays as it is, as others rely on it.',
          next: 'Choose another name with --name.',
        });
      }
      if (!(await party.home.identity(session))) {
        throw new StrongroomError('E_NO_CERTIFICATE', 'You have no certificate yet, with which grants are signed.', {
          next: 'Run: strongroom certificate create',
        });
      }
      if (config.containerType === 'DockerImage') await requireEngine();
    },

    /** The key gets its name first: a registered container without a key would be a loss, a key without one is none. */
    async registerContainer({ submission, archive, expectation }) {
      const { session, platform } = await signedIn(party);
      const keyFile = party.home.modelKeyFile(session, submission.name);
      await rename(pendingKeyFile(keyFile), keyFile).catch(async (error: unknown) => {
        await stat(keyFile).catch(() => {
          throw error;
        });
      });
      await platform.registerContainer({
        body: {
          name: submission.name,
          config: submission.configText,
          archive: { ...archive },
          imageDigest: expectation.imageDigest,
          plaintextSize: expectation.plaintextSize,
        },
      });
    },

    async discardSubmission({ name, registered }) {
      await party.home.removeWork(submissionWorkId(name));
      const session = await party.home.session();
      if (!registered && session) await rm(pendingKeyFile(party.home.modelKeyFile(session, name)), { force: true });
    },
  };
}
