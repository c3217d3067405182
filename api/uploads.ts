/** Resumable uploads (tus 1.0): what arrives completely, and is what was announced, becomes a blob. */
import { FileStore } from '@tus/file-store';
import { Server, type ServerOptions } from '@tus/server';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { parseSha256 } from '../domain/ids.ts';
import type { Account } from '../storage/accounts.ts';
import { recordBlob } from '../storage/blob-removal.ts';
import { deleteUpload, findUpload, insertUpload, type Upload } from '../storage/blobs.ts';
import type { Services } from './services.ts';
import { toTusFailure } from './upload-failures.ts';

export const UPLOADS_PATH = '/v1/uploads';

type Hooks = Required<Pick<ServerOptions, 'onIncomingRequest' | 'onUploadCreate' | 'onUploadFinish'>>;
type TusUpload = Parameters<Hooks['onUploadCreate']>[1];

/** The tus server. `callerOf` knows the account behind each request that is handed to it. */
export function openUploads(services: Services, callerOf: (request: object) => Account): Server {
  const datastore = new FileStore({ directory: services.settings.uploadsFolder });
  return new Server({
    path: UPLOADS_PATH,
    datastore,
    maxSize: (_request, id) => mostBytes(services, id),
    relativeLocation: true,
    allowedOrigins: [],
    namingFunction: () => randomUUID(),
    onResponseError: (_request, error) => toTusFailure(error),
    ...hooks(services, callerOf, (id) => datastore.configstore.delete(id)),
  });
}

/** Of an upload that was begun, what room was taken for. */
async function mostBytes({ db, settings }: Services, id: string | null): Promise<number> {
  const upload = id === null ? undefined : await findUpload(db, id);
  return upload?.size ?? settings.maxUploadBytes;
}

function hooks(
  { db, blobs, settings }: Services,
  callerOf: (request: object) => Account,
  forget: (id: string) => Promise<void>,
): Hooks {
  const ownUpload = async (request: object, id: string): Promise<Upload> => {
    const upload = await findUpload(db, id);
    if (upload?.accountId === callerOf(request).id) return upload;
    throw new StrongroomError('E_NOT_FOUND', 'There is no such upload of yours.', { next: 'Begin a new one.' });
  };
  return {
    async onIncomingRequest(request, id) {
      if (request.method !== 'POST') await ownUpload(request, id);
    },
    async onUploadCreate(request, upload) {
      const announced = readAnnouncement(upload, settings.maxUploadBytes);
      await insertUpload(db, { ...announced, id: upload.id, accountId: callerOf(request).id }, settings.quotaBytes);
      return {};
    },
    async onUploadFinish(request, { id, size = 0 }) {
      const { sha256, accountId } = await ownUpload(request, id);
      try {
        const adopted = await blobs.adopt(join(settings.uploadsFolder, id), { sha256, size });
        await recordBlob(db, blobs, { sha256: adopted, size }, accountId);
      } finally {
        await forget(id);
        await deleteUpload(db, id);
      }
      return {};
    },
  };
}

/** What an upload says of itself. One whose length is not known yet says how long it will be at most. Fails with `E_INVALID_REQUEST`. */
function readAnnouncement({ size, metadata }: TusUpload, limit: number): Pick<Upload, 'sha256' | 'size'> {
  const room = size ?? Number(metadata?.atMost);
  if (room < 1 || !Number.isSafeInteger(room)) {
    throw new StrongroomError('E_INVALID_REQUEST', 'An upload says beforehand how many bytes it has.', {
      next: 'Send Upload-Length with at least 1, or Upload-Defer-Length with atMost in Upload-Metadata.',
    });
  }
  if (room > limit) throw new StrongroomError('E_PAYLOAD_TOO_LARGE', `At most ${formatBytes(limit)} can be uploaded.`);
  if (size === undefined && metadata?.sha256 === undefined) return { sha256: null, size: room };
  if (metadata?.size !== undefined && size !== undefined && metadata.size !== String(size)) {
    throw new StrongroomError('E_INVALID_REQUEST', 'The size in the metadata is not the length of the upload.');
  }
  return { sha256: parseSha256(metadata?.sha256), size: room };
}
